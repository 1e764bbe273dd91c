// Prints the installed version of Better Auth.
import { readFile } from 'node:fs/promises';

const manifest = new URL('../package.json', import.meta.resolve('better-auth'));
const { version } = JSON.parse(await readFile(manifest, 'utf8'));
console.log(JSON.stringify({ version }));
