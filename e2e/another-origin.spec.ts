import type { Page } from '@playwright/test';
import {
  errorMessage,
  formFields,
  submitRegistration,
  submitSignIn,
  waitUntilSignedIn,
  waitUntilSignedOut,
} from './harness/forms';
import { freePort } from './harness/freePort';
import { answerFontRequests, signInAndConsent, startIdentityProvider } from './harness/identity-provider';
import { makeStockSite, type StockSite, serveFiles } from './harness/stock-site';
import { test as base, expect, newPerson } from './harness/test';
import { walkThroughSite } from './harness/walk';

// The pages and the API have different origins, as with a site on a static host and the stack with Site=none. Chromium
// resolves all hosts below localhost to this machine, and treats app.localhost and pages.localhost as two sites.
base.describe.configure({ mode: 'serial' });

const baseUrl = '/learn/';

let stock: StockSite;
base.beforeAll(() => {
  base.setTimeout(300_000);
  stock = makeStockSite('another-origin');
});
base.afterAll(() => stock?.remove());

/** A built site at one origin, and the API at another one. */
interface Origins {
  /** The URL of the start page of the site. */
  readonly home: string;
  readonly api: string;
  readonly mails: { readonly waitForLink: (kind: 'reset-password', to: string) => Promise<string> };
  readonly addClient: () => Promise<void>;
}

const test = base.extend<{ serveSiteAt: (host: string, apiMode: 'cookie' | 'bearer') => Promise<Origins> }>({
  serveSiteAt: async ({ startServer, context }, use) => {
    const provider = await startIdentityProvider();
    await answerFontRequests(context);
    const closes: (() => void)[] = [];
    await use(async (host, apiMode) => {
      const api = `http://auth.app.localhost:${await freePort()}`;
      const dir = stock.build(baseUrl, { theme: { apiOrigin: api, apiMode } });
      const { origin, server } = await serveFiles(dir, baseUrl);
      closes.push(() => server.close());
      const home = `http://${host}:${new URL(origin).port}${baseUrl}`;
      const env = { ...provider.settings, BETTER_AUTH_URL: api, SITE_URL: home };
      const { mails } = await startServer(env, ['--no-site', '--addr', `localhost:${new URL(api).port}`]);
      return { home, api, mails, addClient: () => provider.addClient(api) };
    });
    for (const close of closes) close();
    await provider.stop();
  },
});

const accountMenu = (page: Page) => page.getByRole('button', { name: /^Account of/ });

test('with an API on the same site, pages use its cookies, and its links lead to the pages', {
  tag: '@once',
}, async ({ page, serveSiteAt, guard }) => {
  test.setTimeout(300_000);
  const person = newPerson();
  const { home, api, mails, addClient } = await serveSiteAt('www.app.localhost', 'cookie');
  await walkThroughSite(page, home, person);

  await test.step('reset the password with the mailed link', async () => {
    await accountMenu(page).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto(`${home}forgot-password`);
    await waitUntilSignedOut(page);
    await formFields(page).email.fill(person.email);
    await page.getByRole('button', { name: 'Send me a link' }).click();
    await page.goto(await mails.waitForLink('reset-password', person.email));
    await expect(page).toHaveURL(`${home}reset-password`);
    await formFields(page).newPassword.fill('an analytical engine');
    await page.getByRole('button', { name: 'Save the password' }).click();
    await expect(page).toHaveURL(`${home}login?reset=1`);
    await submitSignIn(page, { email: person.email, password: 'an analytical engine' });
    await waitUntilSignedIn(page);
  });

  await test.step('open a broken link of the API', async () => {
    await page.goto(`${api}/api/auth/verify-email?token=x&callbackURL=/learn/docs/intro`);
    await expect(page).toHaveURL(`${home}docs/intro?error=INVALID_TOKEN`);
  });

  await test.step('sign in at a provider', async () => {
    await addClient();
    await accountMenu(page).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto(`${home}login`);
    await waitUntilSignedOut(page);
    await page.getByRole('button', { name: /^Sign in with/ }).click();
    await signInAndConsent(page, newPerson().email);
    await expect(page).toHaveURL(`${home}?new=1`);
    await waitUntilSignedIn(page);
  });
  expect(guard.take()).toEqual([]);
});

test('with an API on another site, pages use bearer tokens', { tag: '@once' }, async ({ page, serveSiteAt }) => {
  test.setTimeout(300_000);
  const { home } = await serveSiteAt('ada.pages.localhost', 'bearer');
  const person = newPerson();
  await walkThroughSite(page, home, person);
  await page.reload();
  await waitUntilSignedIn(page);
});

test('with an API on another site, pages that use cookies say that the browser blocks them', {
  tag: '@once',
}, async ({ page, serveSiteAt, guard }) => {
  test.setTimeout(300_000);
  const { home } = await serveSiteAt('ada.pages.localhost', 'cookie');
  await page.goto(`${home}register`);
  await waitUntilSignedOut(page);
  await submitRegistration(page, newPerson());
  await expect(errorMessage(page)).toContainText('cookies');
  guard.take(); // Chromium reports the blocked cookies
});
