// Reads {patterns: [{pattern, urls}]} from stdin and prints which URLs Better Auth's own matcher takes for each pattern.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

// The module is not among the package's exports.
const entry = fileURLToPath(import.meta.resolve("better-auth"));
const { matchesOriginPattern } = await import(pathToFileURL(join(dirname(entry), "auth/trusted-origins.mjs")));
const { patterns } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(patterns.map(({ pattern, urls }) => urls.map((url) => matchesOriginPattern(url, pattern)))));
