// The library as a server: on the database DATABASE_URL, whose tables it makes if there are none, with Xenon's settings
// from the environment. It prints its address when it is ready and ends when its input does.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { connect, options } from "./options.mjs";

const pool = connect();
const auth = betterAuth(options(pool));
const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
await auth.api.getJwks(); // makes the keys, which two first requests at once would make twice

const server = createServer(toNodeHandler(auth));
server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
process.stdin.resume().on("end", () => process.exit(0));
