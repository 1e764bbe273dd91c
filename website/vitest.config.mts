import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const resolve = createRequire(import.meta.url).resolve;
const docusaurus = path.join(path.dirname(resolve('@docusaurus/core/package.json')), 'lib/client/exports');

export default defineConfig({
  resolve: {
    // The module names that Docusaurus' build resolves, mapped to its real files. Generated modules have stand-ins.
    alias: [
      { find: '@generated/codeTranslations', replacement: here('./src/testing/codeTranslations.json') },
      { find: /^@docusaurus\/(Translate|Interpolate)$/, replacement: `${docusaurus}/$1.js` },
      { find: '@docusaurus/router', replacement: 'react-router-dom' },
    ],
  },
  // Docusaurus publishes JSX in files named .js.
  // @ts-expect-error: the type has no `lang`, but without it .js files are not parsed as JSX
  oxc: { include: /\.[jt]sx?$/, exclude: [], lang: 'tsx' },
  test: {
    // No test needs a window or changes what its files share: a new environment for each file takes longer than most.
    environment: 'node',
    isolate: false,
    include: ['src/**/*.test.{ts,tsx}', 'plugins/**/*.test.ts'],
    // Long enough for a busy machine: no test measures time.
    testTimeout: 60_000,
    server: { deps: { inline: [/@docusaurus/] } },
  },
});
