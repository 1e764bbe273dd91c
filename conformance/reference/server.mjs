// Runs a Better Auth server on the database DATABASE_URL, with Xenon's settings from the environment. It creates the
// tables, prints the URL of the server when it is ready, and exits when its standard input ends.
import { createServer } from 'node:http';
import { openPool, options, packageName } from './options.mjs';

const { betterAuth } = await import(packageName);
const { getMigrations } = await import(`${packageName}/db/migration`);
const { toNodeHandler } = await import(`${packageName}/node`);

const pool = openPool();
const auth = betterAuth(options(pool));
const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
await auth.api.getJwks(); // creates the keys, which two concurrent first requests would create twice

const server = createServer(toNodeHandler(auth));
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
process.stdin.resume().on('end', () => process.exit(0));
