import MDXComponents from '@theme-original/MDXComponents';
import Table from './Table';

export default { ...MDXComponents, table: Table };
