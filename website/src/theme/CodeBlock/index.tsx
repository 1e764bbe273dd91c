import prismIncludeLanguages from '@theme/prism-include-languages';
import { Prism } from 'prism-react-renderer';

prismIncludeLanguages(Prism); // adds the languages of docusaurus.config.ts

export { default } from '@theme-original/CodeBlock';
