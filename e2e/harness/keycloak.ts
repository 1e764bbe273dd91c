import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { freePort } from './freePort';
import type { Person } from './test';
import { repositoryRoot } from './xenon';

/** A running Keycloak. scripts/keycloak installs it. */
export interface Keycloak {
  /** The settings of a Xenon that uses a realm. */
  readonly settings: (realm: string) => Readonly<Record<string, string>>;
  /** Creates a realm with a client, which is the site at an origin, and a user. */
  readonly create: (realm: string, origin: string, person: Person, consentRequired: boolean) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const administrator = { username: 'admin', password: randomUUID() };
const siteClient = { clientId: 'site', secret: randomUUID() };

/** Starts Keycloak on a free port of the loopback interface, with its database in memory. */
export async function startKeycloak(): Promise<Keycloak> {
  const port = await freePort();
  const args = ['start-dev', '--db=dev-mem', '--http-host=127.0.0.1', `--http-port=${port}`];
  const child = spawn(path.join(repositoryRoot, '.tools/keycloak/bin/kc.sh'), args, {
    env: {
      ...process.env,
      JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1', // starts in half of the time
      KC_BOOTSTRAP_ADMIN_USERNAME: administrator.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: administrator.password,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = new Promise<void>((done) => child.once('close', () => done()));
  const stop = () => {
    child.kill('SIGTERM');
    return gone;
  };
  await Promise.race([waitUntilListening(child), gone]);
  if (child.exitCode !== null) throw new Error(`Keycloak ended with exit status ${child.exitCode} before it was ready`);
  const url = `http://127.0.0.1:${port}`;
  return {
    settings: (realm) => keycloakSettings(`${url}/realms/${realm}`),
    create: (...of) => createRealm(url, ...of),
    stop,
  };
}

const keycloakSettings = (issuer: string) => ({
  OIDC_PROVIDER_ID: 'keycloak',
  OIDC_PROVIDER_NAME: 'Keycloak',
  OIDC_ISSUER: issuer,
  OIDC_CLIENT_ID: siteClient.clientId,
  OIDC_CLIENT_SECRET: siteClient.secret,
});

function waitUntilListening(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    child.stdout?.on('data', (text) => {
      if (String(text).includes('Listening on')) done();
    });
  });
}

async function createRealm(url: string, realm: string, origin: string, person: Person, consentRequired: boolean) {
  const [firstName, lastName] = person.name.split(' ');
  const answer = await fetch(`${url}/admin/realms`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await adminToken(url)}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      realm,
      enabled: true,
      clients: [{ ...siteClient, consentRequired, redirectUris: [`${origin}/api/auth/callback/keycloak`] }],
      users: [
        {
          ...{ username: person.email, email: person.email, emailVerified: true, enabled: true, firstName, lastName },
          credentials: [{ type: 'password', value: person.password }],
        },
      ],
    }),
  });
  if (answer.status !== 201)
    throw new Error(`creating the user at Keycloak: got ${answer.status} ${await answer.text()}, want 201`);
}

async function adminToken(url: string): Promise<string> {
  const answer = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...administrator, client_id: 'admin-cli', grant_type: 'password' }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** Fills in and submits Keycloak's sign-in form. */
export async function signInAtKeycloak(page: Page, { email, password }: Person): Promise<void> {
  await page.getByLabel('Username or email').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign In' }).click();
}
