import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { countRows, createDatabase, executeSQLIn, type TestDatabase } from './database';
import { freePort } from './freePort';
import { ref } from './supabase';
import { expect, type Person } from './test';
import { repositoryRoot } from './xenon';

/** A Supabase project: its real auth server, GoTrue, on a database. scripts/gotrue builds GoTrue. */
export interface SupabaseProject {
  /** The URL that its clients get. */
  readonly url: string;
  readonly databaseURL: string;
  /** Starts GoTrue. New sessions get refresh tokens of this version. */
  readonly start: (tokenVersion: 1 | 2) => Promise<void>;
  readonly stop: () => Promise<void>;
  /** Registers a person, whose email GoTrue confirms at once. */
  readonly register: (person: Person) => Promise<void>;
  /** How many sessions have refresh tokens of version 2. */
  readonly countVersion2Sessions: () => Promise<number>;
  /** Stops everything and removes the database. */
  readonly remove: () => Promise<void>;
}

const binary = path.join(repositoryRoot, '.tools/gotrue');

/** Creates a project with the tables of GoTrue and without users. */
export async function createSupabaseProject(): Promise<SupabaseProject> {
  const dir = mkdtempSync(path.join(tmpdir(), 'xenon-gotrue-'));
  const database = await createDatabase();
  const role = await createSchemaWithOwner(database);
  const port = await freePort();
  const env = settingsOf(role.url, port);
  execFileSync(binary, ['migrate'], { cwd: dir, env, stdio: 'pipe' });
  const gateway = await startGateway(port);
  let server: ChildProcess | undefined;
  const stop = async () => {
    await end(server);
    server = undefined;
  };
  return {
    url: `http://${ref}.localhost:${(gateway.address() as AddressInfo).port}`,
    databaseURL: database.url,
    start: async (tokenVersion) => {
      const version = { GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION: String(tokenVersion) };
      server = spawn(binary, ['serve'], { cwd: dir, env: { ...env, ...version }, stdio: 'ignore' });
      await expect
        .poll(() => statusOf(`http://127.0.0.1:${port}/health`), { message: 'status of GoTrue, 0 without an answer' })
        .toBe(200);
    },
    stop,
    register: async ({ email, password, name }) => {
      const body = JSON.stringify({ email, password, data: { name } });
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`http://127.0.0.1:${port}/signup`, { method: 'POST', headers, body });
      expect(answer.status, `status of the registration at GoTrue: ${await answer.text()}`).toBe(200);
    },
    countVersion2Sessions: () => countRows(database.url, 'auth.sessions WHERE refresh_token_hmac_key IS NOT NULL'),
    remove: async () => {
      await stop();
      gateway.close();
      await role.drop();
      await database.drop();
      rmSync(dir, { recursive: true });
    },
  };
}

// As in a hosted project, the schema auth belongs to a role that is not a superuser.
async function createSchemaWithOwner(
  database: TestDatabase,
): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> {
  const [role, password] = [`gotrue_${randomBytes(8).toString('hex')}`, randomBytes(16).toString('hex')];
  await executeSQLIn(
    database.url,
    `CREATE ROLE ${role} LOGIN NOINHERIT PASSWORD '${password}';
     CREATE SCHEMA auth AUTHORIZATION ${role};
     ALTER ROLE ${role} SET search_path = auth;
     DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO ${role}', current_database()); END $$`,
  );
  const url = new URL(database.url);
  [url.username, url.password] = [role, password];
  return {
    url: url.href,
    drop: () => executeSQLIn(database.url, `DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`),
  };
}

const settingsOf = (databaseURL: string, port: number) => ({
  DATABASE_URL: databaseURL,
  GOTRUE_DB_DRIVER: 'postgres',
  DB_NAMESPACE: 'auth',
  GOTRUE_API_HOST: '127.0.0.1',
  PORT: String(port),
  API_EXTERNAL_URL: `http://127.0.0.1:${port}`,
  GOTRUE_SITE_URL: 'http://localhost',
  GOTRUE_JWT_SECRET: randomBytes(32).toString('hex'),
  GOTRUE_JWT_AUD: 'authenticated',
  GOTRUE_JWT_DEFAULT_GROUP_NAME: 'authenticated',
  GOTRUE_EXTERNAL_EMAIL_ENABLED: 'true',
  GOTRUE_MAILER_AUTOCONFIRM: 'true',
  GOTRUE_CORS_ALLOWED_HEADERS: 'apikey', // the gateway of a hosted project allows it
});

/** Serves GoTrue below /auth/v1, as the gateway of a hosted project does. */
async function startGateway(port: number): Promise<Server> {
  const gateway = createServer((incoming, outgoing) => {
    const { method, headers, url = '/' } = incoming;
    const options = { host: '127.0.0.1', port, method, headers, path: url.replace(/^\/auth\/v1/, '') };
    const forwarded = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((listening) => gateway.listen(0, '127.0.0.1', listening));
  return gateway;
}

/** The status of an answer, or 0 without one. */
async function statusOf(url: string): Promise<number> {
  return fetch(url).then(
    ({ status }) => status,
    () => 0,
  );
}

function end(child: ChildProcess | undefined): Promise<void> {
  return new Promise((done) => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return done();
    child.once('exit', () => done());
    child.kill('SIGTERM');
  });
}
