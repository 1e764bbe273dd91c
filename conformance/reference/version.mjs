// Prints the installed version of Better Auth as JSON.
import { readFile } from 'node:fs/promises';

const manifest = new URL('../package.json', import.meta.resolve('better-auth'));
const { version } = JSON.parse(await readFile(manifest, 'utf8'));
console.log(JSON.stringify({ version }));
