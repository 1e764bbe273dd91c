// Runs many servers of the pinned Better Auth in one process. Each line of standard input is a JSON object with the
// settings of a new server. For each line it starts the server and prints the server's URL as a line.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

let started = 0;

for await (const line of createInterface({ input: process.stdin })) {
  Object.assign(process.env, JSON.parse(line));
  // The query string makes Node load the module again, because the module reads the settings only when it is loaded.
  const { openPool, options } = await import(`../reference/options.mjs?${started++}`);
  const { betterAuth } = await import('better-auth');
  const { getMigrations } = await import('better-auth/db/migration');
  const { toNodeHandler } = await import('better-auth/node');
  const auth = betterAuth(options(openPool()));
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
  const server = createServer(toNodeHandler(auth));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  console.log(`http://127.0.0.1:${server.address().port}`);
}
process.exit(0);
