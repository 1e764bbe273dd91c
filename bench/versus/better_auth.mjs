// A Better Auth server for the benchmark, with the settings of conformance/reference and a pool of POOL connections.
// Run it in conformance/reference, on a database that has the tables. With PREPARE it creates its signing key first. It
// listens on PORT, prints a line when it is ready, and exits when its standard input ends.
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { toNodeHandler } from 'better-auth/node';
import pg from 'pg';
import { options } from './options.mjs';

const { DATABASE_URL, POOL, PORT, PREPARE } = process.env;
const auth = betterAuth(options(new pg.Pool({ connectionString: DATABASE_URL, max: Number(POOL) })));
if (PREPARE) await auth.api.getJwks();
createServer(toNodeHandler(auth)).listen(Number(PORT), '127.0.0.1', () => console.log('Listening'));
process.stdin.resume().on('end', () => process.exit(0));
