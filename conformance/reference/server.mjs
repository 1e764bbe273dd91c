// The library as a server: on the database DATABASE_URL, whose tables it makes if there are none, with Xenon's settings
// from the environment. It prints its address when it is ready and ends when its input does.
import { createServer } from "node:http";
import { connect, library, options } from "./options.mjs";

const { betterAuth } = await import(library);
const { getMigrations } = await import(`${library}/db/migration`);
const { toNodeHandler } = await import(`${library}/node`);

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
