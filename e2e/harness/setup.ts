import { rmSync } from 'node:fs';
import path from 'node:path';
import { databaseURLOf, startXenon } from './xenon';

/** The data that the global setup passes to the workers, as JSON in an environment variable. */
export interface SharedServer {
  readonly origin: string;
  readonly mailFile: string;
  readonly databaseURL: string;
}

const serverEnvVariable = 'XENON_E2E';

/** The server that was started for this run. */
export function sharedServer(): SharedServer {
  const text = process.env[serverEnvVariable];
  if (!text) throw new Error('no server was started: run the tests with playwright test');
  return JSON.parse(text) as SharedServer;
}

/** Starts one server with one Postgres for all tests. Each test uses its own persons, so tests are independent. */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env['SCREENSHOTS'])
    rmSync(path.resolve(import.meta.dirname, '../screenshots'), { recursive: true, force: true });
  const given = process.env['DATABASE_URL'];
  const xenon = await startXenon(given ? { env: { DATABASE_URL: given } } : {});
  const state: SharedServer = {
    origin: xenon.origin,
    mailFile: xenon.mailFile,
    databaseURL: given ?? databaseURLOf(xenon),
  };
  process.env[serverEnvVariable] = JSON.stringify(state);
  return xenon.stop;
}
