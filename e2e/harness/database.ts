import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { sharedServer } from './setup';

/** Runs a statement on a database. */
export async function executeSQLIn(
  databaseURL: string,
  statement: string,
  ...values: readonly unknown[]
): Promise<void> {
  await query(databaseURL, statement, values);
}

/** Counts the rows of a table, or of a part of it, such as `session WHERE "userId" IS NULL`. */
export async function countRows(databaseURL: string, from: string): Promise<number> {
  const [row] = await query(databaseURL, `SELECT count(*)::int AS count FROM ${from}`, []);
  return (row as { count: number }).count;
}

/** The first row that a statement finds. */
export async function readRow(databaseURL: string, statement: string, ...values: readonly unknown[]): Promise<unknown> {
  const [row] = await query(databaseURL, statement, values);
  return row;
}

async function query(databaseURL: string, statement: string, values: readonly unknown[]): Promise<unknown[]> {
  const client = new Client({ connectionString: databaseURL });
  await client.connect();
  try {
    return (await client.query(statement, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** Runs a statement on the server's database, for states that a test cannot reach in a browser. */
export function executeSQL(statement: string, ...values: readonly unknown[]): Promise<void> {
  return executeSQLIn(sharedServer().databaseURL, statement, ...values);
}

/** A database of one test. */
export interface TestDatabase {
  readonly url: string;
  readonly drop: () => Promise<void>;
}

/** Creates an empty database on the Postgres of the shared server. */
export async function createDatabase(): Promise<TestDatabase> {
  const name = `e2e_${randomUUID().replaceAll('-', '')}`;
  await executeSQL(`CREATE DATABASE ${name}`);
  const url = new URL(sharedServer().databaseURL);
  url.pathname = name;
  return { url: url.href, drop: () => executeSQL(`DROP DATABASE ${name} WITH (FORCE)`) };
}

/** Moves the start of a person's sessions two days into the past, so that they are not fresh. */
export function makeSessionsStale(email: string): Promise<void> {
  return executeSQL(
    `UPDATE session SET "createdAt" = now() - interval '2 days'
     WHERE "userId" = (SELECT id FROM "user" WHERE email = $1)`,
    email,
  );
}
