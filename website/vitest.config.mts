import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const docusaurus = here('./node_modules/@docusaurus/core/lib/client/exports');

export default defineConfig({
  resolve: {
    // What Docusaurus' build resolves, in its real files; only what it generates is made here.
    alias: [
      { find: '@generated/codeTranslations', replacement: here('./src/testing/codeTranslations.json') },
      { find: /^@docusaurus\/(Translate|Interpolate)$/, replacement: `${docusaurus}/$1.js` },
      { find: '@docusaurus/router', replacement: 'react-router-dom' },
      { find: '@docusaurus/Link', replacement: here('./src/testing/Link.tsx') },
    ],
  },
  // Docusaurus publishes JSX in files named .js.
  // @ts-expect-error: the type leaves `lang` out, since names should tell; here they do not
  oxc: { include: /\.[jt]sx?$/, exclude: [], lang: 'tsx' },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}', 'plugins/**/*.test.ts'],
    // Long enough for a machine that has other things to do: no test is about how long something takes.
    testTimeout: 60_000,
    server: { deps: { inline: [/@docusaurus/] } },
  },
});
