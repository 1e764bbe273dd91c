// Runs Better Auth servers, all in one process, because loading the package takes longer than starting a server. Each
// line of standard input is a command in JSON, and each has one line of output:
//   {"start": {settings}}  creates the tables in DATABASE_URL and starts a server; the output is {"url": …}
//   {"stop": url}          ends this server; the output is {}
// A command that fails has the output {"error": …}. The process ends when its standard input ends.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { openPool, options, packageName } from './options.mjs';

const { betterAuth } = await import(packageName);
const { getMigrations } = await import(`${packageName}/db/migration`);
const { toNodeHandler } = await import(`${packageName}/node`);

const running = new Map(); // functions that end a server, by its URL

async function start(settings) {
  const env = { ...process.env, ...settings };
  const pool = openPool(env);
  const auth = betterAuth(options(pool, env));
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
  await auth.api.getJwks(); // creates the keys, which two concurrent first requests would create twice
  // Node's default of 5 seconds is shorter than the pauses of a test on a busy machine.
  const server = createServer({ keepAliveTimeout: 600_000 }, toNodeHandler(auth));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${server.address().port}`;
  running.set(url, async () => {
    server.close();
    server.closeAllConnections();
    await pool.end();
  });
  return { url };
}

async function stop(url) {
  await running.get(url)();
  running.delete(url);
  return {};
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const result = command.start ? start(command.start) : stop(command.stop);
  console.log(JSON.stringify(await result.catch((error) => ({ error: String(error.stack ?? error) }))));
}
process.exit(0);
