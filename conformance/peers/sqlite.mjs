// Replaces node:sqlite on a version of Node that does not have it. A test that uses a database of its own then fails on
// both servers.
export class DatabaseSync {
  exec() {
    throw new Error('this run has no SQLite');
  }

  prepare() {
    throw new Error('this run has no SQLite');
  }

  close() {}
}
