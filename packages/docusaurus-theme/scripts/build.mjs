// Compiles src/ into lib/: the theme with TypeScript, the stylesheets as they are, and the script for other sites.
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'rolldown';

const root = path.resolve(import.meta.dirname, '..');
const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
const tsc = path.join(path.dirname(typescript), 'bin/tsc');

rmSync(path.join(root, 'lib'), { recursive: true, force: true });
// --singleThreaded: with several threads the compiler checks most types once in each thread.
for (const project of ['tsconfig.client.json', 'tsconfig.server.json'])
  execFileSync(process.execPath, [tsc, '--singleThreaded', '-p', path.join(root, project)], { stdio: 'inherit' });
for (const file of readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }))
  if (file.endsWith('.css')) cpSync(path.join(root, 'src', file), path.join(root, 'lib', file));
await build({
  input: path.join(root, 'src/supabase/script.ts'),
  output: { file: path.join(root, 'lib/supabase-sessions.min.js'), format: 'iife', minify: true },
  logLevel: 'warn',
});
