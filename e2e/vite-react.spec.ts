import { execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { freePort } from './harness/freePort';
import { expect, newPerson, type Person, test } from './harness/test';
import { repositoryRoot } from './harness/xenon';

const example = path.join(repositoryRoot, 'examples/vite-react');

// docs/ui-kits.md describes what the kit does. A violation of the Content-Security-Policy fails the test.
test('on the example with a UI kit a person registers, signs out and signs in', { tag: '@once' }, async ({
  page,
  startServer,
}) => {
  test.setTimeout(300_000);
  execFileSync('npm', ['run', 'build'], { cwd: example, stdio: 'pipe' }); // a failure has the output in its error
  const { origin, mails } = await startServer({}, ['--site', path.join(example, 'dist'), '--csp', 'docusaurus']);
  const person = newPerson();
  const members = page.getByText('Welcome to the members.');

  await test.step('register', async () => {
    await page.goto(origin);
    await expect(page).toHaveURL(/\/auth\/sign-in\?redirectTo=/);
    await page.getByRole('link', { name: 'Sign Up' }).click();
    await page.getByLabel('Name', { exact: true }).fill(person.name);
    await fillPassword(page, person);
    await page.getByRole('button', { name: 'Create an account' }).click();
    await expect(members).toBeVisible();
  });

  await test.step('sign out', async () => {
    await page.getByRole('banner').getByRole('button').click();
    await page.getByRole('menuitem', { name: 'Sign Out' }).click();
    await expect(page).toHaveURL(`${origin}/auth/sign-in`);
    await expect(page.getByRole('button', { name: 'Login' })).toBeVisible();
  });

  await test.step('sign in, with a link that names another site', async () => {
    await page.goto(`${origin}/auth/sign-in?redirectTo=https://example.com/`);
    await fillPassword(page, person);
    await page.getByRole('button', { name: 'Login' }).click();
    await expect(members).toBeVisible();
    await expect(page).toHaveURL(`${origin}/`);
  });

  await test.step('cancel a change of the email with the link in the mail to the old email', async () => {
    await page.goto(`${origin}/account/settings`);
    // The kit gives the field no label, only a placeholder.
    await page.getByPlaceholder('m@example.com').fill(`new-${person.email}`);
    await page.getByRole('button', { name: 'Save' }).last().click();
    await page.goto(await mails.waitForLink('email-change-notice', person.email));
    await page.getByRole('button', { name: 'Do not change my email' }).click();
    await expect(page.getByText('Your email stays as it is.')).toBeVisible();
  });
});

// Vite alone answers every path with index.html and 200, which the kit takes for a session.
test("on Vite's own port the example asks Xenon who is signed in", { tag: '@once' }, async ({ page, startServer }) => {
  test.setTimeout(300_000);
  const port = await freePort();
  const viteOrigin = `http://localhost:${port}`;
  const { origin } = await startServer({ BETTER_AUTH_TRUSTED_ORIGINS: viteOrigin }, ['--no-site']);
  const vite = spawn('node_modules/.bin/vite', ['--port', String(port), '--strictPort'], {
    cwd: example,
    env: { ...process.env, XENON_URL: origin },
    stdio: 'ignore',
  });
  try {
    await expect(async () => {
      const answer = await page.request.get(`${viteOrigin}/api/auth/get-session`);
      expect(await answer.text()).toBe('null');
    }).toPass();
    await page.goto(viteOrigin);
    await expect(page).toHaveURL(/\/auth\/sign-in\?redirectTo=/);
    await page.getByRole('link', { name: 'Sign Up' }).click();
    const person = newPerson();
    await page.getByLabel('Name', { exact: true }).fill(person.name);
    await fillPassword(page, person);
    await page.getByRole('button', { name: 'Create an account' }).click();
    await expect(page.getByText('Welcome to the members.')).toBeVisible();
  } finally {
    vite.kill();
  }
});

async function fillPassword(page: Page, { email, password }: Person): Promise<void> {
  await page.getByLabel('Email', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
}
