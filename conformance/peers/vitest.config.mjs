// Runs a public test file of Better Auth with getTestInstance from test-instance.mjs.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Some test files import node:sqlite, which Node has from version 22.5 on. sqlite.mjs replaces it.
const sqlite = fileURLToPath(new URL('./sqlite.mjs', import.meta.url));
const ours = fileURLToPath(new URL('./test-instance.mjs', import.meta.url));

export default defineConfig({
  plugins: [
    {
      name: 'instances-over-http',
      enforce: 'pre',
      resolveId(source, importer) {
        return /(^|\/)test-utils(\/test-instance|\/index)?$/.test(source) && importer?.includes('/better-auth/src/')
          ? ours
          : undefined;
      },
      transform(code) {
        return code.includes('"node:sqlite"') ? code.replaceAll('"node:sqlite"', JSON.stringify(sqlite)) : undefined;
      },
    },
  ],
  test: {
    include: ['better-auth/src/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    fileParallelism: false,
  },
});
