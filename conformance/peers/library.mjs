// The pinned library as many servers in one process: each line of its input, a JSON object of settings, starts one; its
// address is a line of the output.
import { createServer } from "node:http";
import { createInterface } from "node:readline";

let started = 0;

for await (const line of createInterface({ input: process.stdin })) {
  Object.assign(process.env, JSON.parse(line));
  // Read anew for each server: the module takes its settings from the environment.
  const { connect, options } = await import(`../reference/options.mjs?${started++}`);
  const { betterAuth } = await import("better-auth");
  const { getMigrations } = await import("better-auth/db/migration");
  const { toNodeHandler } = await import("better-auth/node");
  const auth = betterAuth(options(connect()));
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
  const server = createServer(toNodeHandler(auth));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  console.log(`http://127.0.0.1:${server.address().port}`);
}
process.exit(0);
