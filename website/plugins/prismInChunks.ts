import path from 'node:path';
import type { Plugin } from '@docusaurus/types';

/**
 * Only pages with code load Prism, which highlights it. By default the main script contains it, so that every page
 * loads it: a module of theme-classic that every page runs imports it. The build replaces that module with nothing, and
 * src/theme/CodeBlock does what it does.
 */
export default function prismInChunks(): Plugin {
  const runByEveryPage = require.resolve('@docusaurus/theme-classic/lib/prism-include-languages');
  return {
    name: 'prism-in-chunks',
    configureWebpack: () => ({ resolve: { alias: { [runByEveryPage]: path.join(__dirname, 'nothing.js') } } }),
  };
}
