import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const resolve = createRequire(import.meta.url).resolve;
const docusaurus = path.join(path.dirname(resolve('@docusaurus/core/package.json')), 'lib/client/exports');

export default defineConfig({
  resolve: {
    // The module names that Docusaurus' build resolves, mapped to its real files. Generated modules have stand-ins.
    alias: [
      { find: '@generated/codeTranslations', replacement: here('./src/testing/codeTranslations.json') },
      { find: '@generated/globalData', replacement: here('./src/testing/globalData.ts') },
      { find: /^@docusaurus\/(Translate|Interpolate)$/, replacement: `${docusaurus}/$1.js` },
      { find: '@docusaurus/router', replacement: 'react-router-dom' },
      { find: '@docusaurus/Head', replacement: here('./src/testing/Head.tsx') },
      { find: '@docusaurus/Link', replacement: here('./src/testing/Link.tsx') },
      { find: /^@docusaurus\/theme-common$/, replacement: here('./src/testing/themeCommon.ts') },
      { find: '@docusaurus/useBrokenLinks', replacement: here('./src/testing/useBrokenLinks.ts') },
      { find: '@docusaurus/useBaseUrl', replacement: here('./src/testing/useBaseUrl.ts') },
      { find: '@docusaurus/useRouteContext', replacement: here('./src/testing/useRouteContext.ts') },
      { find: '@docusaurus/useDocusaurusContext', replacement: here('./src/testing/useDocusaurusContext.ts') },
      { find: '@theme/Layout', replacement: here('./src/testing/Layout.tsx') },
      { find: '@theme/ThemedImage', replacement: here('./src/testing/ThemedImage.tsx') },
      { find: /^@xenon-auth\/docusaurus-theme\/internal\/(.+)$/, replacement: here('./src/$1') },
      { find: /^@theme\/Xenon(.+)$/, replacement: here('./src/theme/Xenon$1') },
    ],
  },
  // Docusaurus publishes JSX in files named .js.
  // @ts-expect-error: the type has no `lang`, but without it .js files are not parsed as JSX
  oxc: { include: /\.[jt]sx?$/, exclude: [], lang: 'tsx' },
  test: {
    environment: 'happy-dom',
    setupFiles: ['./src/testing/setup.ts'],
    isolate: false,
    include: ['src/**/*.test.{ts,tsx}'],
    // Long enough for a busy machine: no test measures time.
    testTimeout: 60_000,
    server: { deps: { inline: [/@docusaurus/] } },
  },
});
