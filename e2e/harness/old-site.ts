import { createServer } from 'node:http';
import type { Page } from '@playwright/test';
import { bundleClients, callOf } from './supabase';
import type { StoredForm } from './supabase-clients';
import type { Person } from './test';

/** A site before the move, which signs people in at a Supabase project. */
export interface RunningOldSite {
  /** Signs a person in with a package of Supabase. */
  readonly signIn: (page: Page, form: StoredForm, person: Person) => Promise<void>;
  /** The same, and sets up an authenticator app, whose code proves the second factor. Returns its secret. */
  readonly signInWithNewApp: (page: Page, form: StoredForm, person: Person) => Promise<string>;
  /** Stops the site, so that its origin is free for another one. */
  readonly stop: () => Promise<void>;
}

const homePage = `<!doctype html>
<title>Before the move</title>
<link rel="icon" href="data:,">
<script src="/clients.js"></script>
`;

/** Serves the site at a port of localhost. `projectURL` is the URL of the Supabase project. */
export async function serveOldSite(port: number, projectURL: string): Promise<RunningOldSite> {
  const script = bundleClients();
  const server = createServer((request, response) => {
    const isScript = request.url === '/clients.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? script : homePage);
  });
  await new Promise<void>((listening) => server.listen(port, 'localhost', listening));
  const call = async (page: Page, name: string, form: StoredForm, person: Person): Promise<unknown> => {
    await page.goto(`http://localhost:${port}/`);
    return page.evaluate(callOf(name, form, projectURL, person));
  };
  return {
    signIn: async (page, form, person) => {
      await call(page, 'signIn', form, person);
    },
    signInWithNewApp: async (page, form, person) => String(await call(page, 'signInWithNewApp', form, person)),
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped());
        server.closeAllConnections();
      }),
  };
}
