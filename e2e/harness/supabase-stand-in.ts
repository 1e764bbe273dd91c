import { createHmac, hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import type { Page } from '@playwright/test';
import { executeSQLIn } from './database';
import { sharedServer } from './setup';
import { bridgeSettings, bundleClients, callOf, ref } from './supabase';
import type { StoredForm } from './supabase-clients';
import type { Person } from './test';

/** The URL of the project. No test reaches it. */
export const projectURL = `https://${ref}.supabase.co`;

/** How a test stores a session of Supabase. */
export interface StoreOptions {
  /** The database of the server after the move; default: that of the shared server. */
  readonly databaseURL?: string;
  /** Whether the import has copied the session; default: true. */
  readonly isImported?: boolean;
}

/** A site before the move: it signs people in at Supabase. */
export interface OldSite {
  /** The script of its pages, with the global variable `clients`: the functions of supabase-clients.ts. */
  readonly script: string;
  /** Opens a page of the site at an origin. */
  readonly open: (page: Page, origin: string) => Promise<void>;
  /** Signs a person in with a package of Supabase in a page of an origin. The package stores the session. */
  readonly signIn: (
    page: Page,
    origin: string,
    form: StoredForm,
    person: Person,
    options?: StoreOptions,
  ) => Promise<void>;
}

/**
 * Makes the site. The packages of Supabase are the real ones. Supabase's auth server is a stand-in, which accepts every
 * password: the packages store only a session that a server has sent.
 */
export function makeOldSite(): OldSite {
  const script = bundleClients();
  const open = async (page: Page, origin: string) => {
    const oldPage = `${origin}/before-the-move`;
    await page.route(oldPage, (route) => route.fulfill({ contentType: 'text/html', body: '<title>Before</title>' }));
    await page.goto(oldPage);
    await page.addScriptTag({ content: script });
  };
  return {
    script,
    open,
    signIn: async (page, origin, form, person, options = {}) => {
      const { databaseURL = sharedServer().databaseURL, isImported = true } = options;
      const refreshToken = form === 'supabase-js-1' ? newVersion1Token() : newVersion2Token();
      await storeTimeOfImport(databaseURL);
      if (isImported) await importSession(databaseURL, person, refreshToken);
      await page.route(`${projectURL}/auth/v1/token?grant_type=password`, (route) =>
        route.fulfill({ json: sessionOf(person, refreshToken), headers: { 'access-control-allow-origin': '*' } }),
      );
      await open(page, origin);
      await page.evaluate(callOf('signIn', form, projectURL, person));
      await page.unrouteAll();
    },
  };
}

/** The answer of Supabase's auth server to a sign-in. It is too long for one cookie. */
function sessionOf({ name, email }: Person, refreshToken: string): object {
  const id = randomUUID();
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: id, aud: 'authenticated', role: 'authenticated', email, iat: now, exp: now + 3600 };
  const metadata = { name: `${name} é 中`, biography: 'She wrote the first program. '.repeat(150) };
  return {
    access_token: accessTokenOf(claims),
    token_type: 'bearer',
    expires_in: 3600,
    expires_at: now + 3600,
    refresh_token: refreshToken,
    user: {
      ...{ id, aud: 'authenticated', role: 'authenticated', email, email_confirmed_at: new Date().toISOString() },
      ...{ app_metadata: { provider: 'email' }, user_metadata: metadata, identities: [] },
    },
  };
}

// Xenon does not have the secret of the project, so only the refresh token counts.
function accessTokenOf(claims: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', 'the secret of the project').update(text).digest('base64url')}`;
}

function newVersion1Token(): string {
  return Array.from(randomBytes(12), (byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte % 32]).join('');
}

// 0, the id of the session (16 bytes), a counter, and 20 bytes of checksums, which only Supabase can check.
function newVersion2Token(): string {
  return Buffer.concat([Buffer.of(0), randomBytes(16), Buffer.of(1), randomBytes(20)]).toString('base64url');
}

// Until there was an import, the server answers 404.
function storeTimeOfImport(databaseURL: string): Promise<void> {
  return executeSQLIn(
    databaseURL,
    `INSERT INTO "supabaseBridge" ("lastPassAt") VALUES (now()) ON CONFLICT (id) DO UPDATE SET "lastPassAt" = now()`,
  );
}

/** Stores a session of a registered person as the import does: docs/wire.md describes the digest. */
async function importSession(databaseURL: string, { email }: Person, refreshToken: string): Promise<void> {
  const label = 'xenon:supabase-refresh-token:v1';
  const key = Buffer.from(hkdfSync('sha256', bridgeSettings.BETTER_AUTH_SECRET, '', label, 32));
  const bytes = refreshToken.length === 12 ? Buffer.from(refreshToken) : Buffer.from(refreshToken, 'base64url');
  await executeSQLIn(
    databaseURL,
    `WITH source AS (
       INSERT INTO "supabaseSession" (id, "userId", aal2, "createdAt")
       SELECT gen_random_uuid(), id, false, now() FROM "user" WHERE email = $1 RETURNING id
     )
     INSERT INTO "supabaseCredential" SELECT $2, id, false FROM source`,
    email,
    createHmac('sha256', key).update(bytes).digest(),
  );
}
