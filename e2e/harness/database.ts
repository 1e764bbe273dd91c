import { Client } from 'pg';
import { sharedServer } from './setup';

/** Runs a statement on the server's database, for states that a test cannot reach in a browser. */
export async function executeSQL(statement: string, ...values: readonly unknown[]): Promise<void> {
  const client = new Client({ connectionString: sharedServer().databaseURL });
  await client.connect();
  try {
    await client.query(statement, [...values]);
  } finally {
    await client.end();
  }
}

/** Moves the start of a person's sessions two days into the past, so that they are not fresh. */
export function makeSessionsStale(email: string): Promise<void> {
  return executeSQL(
    `UPDATE session SET "createdAt" = now() - interval '2 days'
     WHERE "userId" = (SELECT id FROM "user" WHERE email = $1)`,
    email,
  );
}
