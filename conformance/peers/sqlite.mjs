// Replaces node:sqlite, which older versions of Node do not have. A test that opens its own SQLite database fails on
// both servers.
export class DatabaseSync {
  exec() {
    throw new Error('conformance/peers/sqlite.mjs replaces node:sqlite in this run: it has no database');
  }

  prepare() {
    throw new Error('conformance/peers/sqlite.mjs replaces node:sqlite in this run: it has no database');
  }

  close() {}
}
