// Runs Better Auth as a server on DATABASE_URL, with Xenon's settings from the environment. It migrates the database,
// prints its URL when it is ready, and exits at the end of its input.
import { createServer } from 'node:http';
import { connect, library, options } from './options.mjs';

const { betterAuth } = await import(library);
const { getMigrations } = await import(`${library}/db/migration`);
const { toNodeHandler } = await import(`${library}/node`);

const pool = connect();
const auth = betterAuth(options(pool));
const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
await auth.api.getJwks(); // creates the keys, which two concurrent first requests would create twice

const server = createServer(toNodeHandler(auth));
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
process.stdin.resume().on('end', () => process.exit(0));
