// Reads {patterns: [{pattern, urls}]} from standard input, and prints for each URL whether Better Auth's matcher
// accepts it for the pattern.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// The package does not export this module.
const entry = fileURLToPath(import.meta.resolve('better-auth'));
const { matchesOriginPattern } = await import(pathToFileURL(join(dirname(entry), 'auth/trusted-origins.mjs')));
const { patterns } = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(
  JSON.stringify(patterns.map(({ pattern, urls }) => urls.map((url) => matchesOriginPattern(url, pattern)))),
);
