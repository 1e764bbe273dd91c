import { generateKeyPairSync } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from '@playwright/test';
import type { ClientMetadata, Provider } from 'oidc-provider';

/** An OpenID Connect provider of another organisation: the npm package `oidc-provider`, with its own pages. */
export interface IdentityProvider {
  /** The settings of a Xenon that uses it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Registers the site at an origin as the client. Before that the provider answers 503. */
  readonly addClient: (origin: string) => Promise<void>;
  /** The queries of the authorization requests, in order. */
  readonly requests: () => readonly URLSearchParams[];
  readonly stop: () => Promise<void>;
}

/** The name of the provider on the buttons of the site. */
export const providerName = 'Example Ltd';

const providerID = 'example';
const siteClient = { client_id: 'the site', client_secret: 'a secret of the site and the provider' };

/** Starts the provider on a free port. It accepts every email address as a login, and every password. */
export async function startIdentityProvider(): Promise<IdentityProvider> {
  let answer: RequestListener = (_, res) => res.writeHead(503).end();
  const requests: URLSearchParams[] = [];
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://localhost');
    if (url.pathname === '/auth') requests.push(url.searchParams);
    if (url.pathname === '/favicon.ico') res.writeHead(204).end();
    else answer(req, res);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    settings: {
      OIDC_PROVIDER_ID: providerID,
      OIDC_PROVIDER_NAME: providerName,
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: siteClient.client_id,
      OIDC_CLIENT_SECRET: siteClient.client_secret,
    },
    addClient: async (origin) => {
      const site = { ...siteClient, redirect_uris: [`${origin}/api/auth/callback/${providerID}`] };
      answer = (await createProvider(issuer, site)).callback();
    },
    requests: () => requests,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function createProvider(issuer: string, site: ClientMetadata): Promise<Provider> {
  hideWarnings();
  const { Provider } = await import('oidc-provider');
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  return new Provider(issuer, {
    clients: [site],
    jwks: { keys: [{ ...key, use: 'sig', alg: 'RS256' }] } as never,
    cookies: { keys: ['a key for the tests'] },
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_, login) => ({
      accountId: login,
      claims: () => ({ sub: login, email: login, email_verified: true, name: 'Ada Lovelace' }),
    }),
  });
}

// oidc-provider warns, already when it is imported, that its store and its pages are for development.
function hideWarnings(): void {
  for (const level of ['info', 'warn'] as const) {
    const print = console[level];
    console[level] = (...texts: unknown[]) => {
      if (!String(texts[0]).startsWith('oidc-provider ')) print(...texts);
    };
  }
}

/** Answers the requests of the provider's pages for a font of another server. */
export async function answerFontRequests(context: BrowserContext): Promise<void> {
  await context.route('https://fonts.googleapis.com/**', (route) => route.fulfill({ contentType: 'text/css' }));
}

/** Signs a person in at the provider, and lets it share the person's data with the site. */
export async function signInAndConsent(page: Page, email: string): Promise<void> {
  await page.getByPlaceholder('Enter any login').fill(email);
  await page.getByPlaceholder('and password').fill('anything');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}
