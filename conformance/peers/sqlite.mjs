// Replaces node:sqlite on a version of Node that does not have it. A test that uses a database of its own then fails on
// both servers.
export class DatabaseSync {
  exec() {
    throw new Error('node:sqlite is replaced in this run: this version of Node has no SQLite');
  }

  prepare() {
    throw new Error('node:sqlite is replaced in this run: this version of Node has no SQLite');
  }

  close() {}
}
