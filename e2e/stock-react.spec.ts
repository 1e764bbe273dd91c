import { TOTP, URI } from 'otpauth';
import { registerAdministrator } from './harness/administrators';
import { allFeatures } from './harness/feature-site';
import { buildStockReactPage, countLoads, sessionOn, submitForm } from './harness/stock-react';
import { test as base, expect, newPerson, register, type StartedServer } from './harness/test';

// The React client of the package better-auth with magicLinkClient, emailOTPClient, twoFactorClient and adminClient, on
// a page of its own without Xenon's theme. Only a link from a mail loads a document: useSession shows all else.

let built: ReturnType<typeof buildStockReactPage>;
base.beforeAll(() => {
  built = buildStockReactPage();
});
base.afterAll(() => built?.remove());

const test = base.extend<{ server: StartedServer }>({
  server: async ({ startServer }, use) => use(await startServer(allFeatures, ['--site', built.dir])),
});

test('magicLinkClient: a person signs in with the link of a mail', { tag: '@once' }, async ({
  page,
  person,
  server: { origin, mails },
}) => {
  await page.goto(origin);
  await expect(sessionOn(page)).toHaveText('no session');
  await submitForm(page, 'Mail me a link', { email: person.email }, 'done');
  const link = await mails.waitForLink('magic-link', person.email);
  await page.goto(link);
  await expect(page).toHaveURL(`${origin}/?new`);
  await expect(sessionOn(page)).toHaveText(`${person.email}, user, one factor`);
  const loads = countLoads(page);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(sessionOn(page)).toHaveText('no session');
  expect(loads(), 'documents that the sign-out has loaded').toBe(0);
});

test('emailOTPClient: a person signs in with the code of a mail', { tag: '@once' }, async ({
  page,
  person,
  server: { origin, mails },
  guard,
}) => {
  await page.goto(origin);
  await submitForm(page, 'Mail me a code', { email: person.email }, 'done');
  const code = await mails.waitForToken('email-otp', person.email);
  const loads = countLoads(page);
  guard.allow(400, '/api/auth/sign-in/email-otp');
  const wrong = code === '000000' ? '000001' : '000000';
  await submitForm(page, 'Sign in with the code', { email: person.email, code: wrong }, '400 INVALID_OTP');
  await submitForm(page, 'Sign in with the code', { email: person.email, code });
  await expect(sessionOn(page)).toHaveText(`${person.email}, user, one factor`);
  expect(loads(), 'documents that the sign-in has loaded').toBe(0);
});

test('twoFactorClient: a person sets up an app, and signs in with its codes, a backup code and a trusted device', {
  tag: '@once',
}, async ({ page, context, person, server: { origin }, guard }) => {
  const { email, password } = person;
  await register(context, person, origin);
  await page.goto(origin);
  await expect(sessionOn(page)).toHaveText(`${email}, user, one factor`);
  const loads = countLoads(page);
  const signOutAndIn = async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(sessionOn(page)).toHaveText('no session');
    await submitForm(page, 'Sign in', { email, password });
  };

  await submitForm(page, 'Set up an app', { password }, 'done');
  const app = URI.parse((await page.getByLabel('URI').textContent()) ?? '');
  expect(app).toBeInstanceOf(TOTP);
  const backupCodes = ((await page.getByLabel('Backup codes').textContent()) ?? '').split(' ');
  await submitForm(page, 'Confirm the app', { code: app.generate() });
  await expect(sessionOn(page)).toHaveText(`${email}, user, two factors`);

  const step = page.getByRole('region', { name: 'Second step' });
  await signOutAndIn();
  await expect(step).toContainText('totp, otp'); // what onTwoFactorRedirect got
  await expect(sessionOn(page)).toHaveText('no session');
  guard.allow(401, '/api/auth/two-factor/verify-totp');
  await submitForm(page, 'Send the code of the app', { code: '000' }, '401 INVALID_CODE');
  await submitForm(page, 'Send a backup code', { code: backupCodes[0] ?? '' });
  await expect(sessionOn(page)).toHaveText(`${email}, user, two factors`);

  await signOutAndIn();
  const next = app.generate({ timestamp: Date.now() + 30_000 }); // each code works once
  await submitForm(page, 'Send it and trust this device', { code: next });
  await expect(sessionOn(page)).toHaveText(`${email}, user, two factors`);
  await signOutAndIn();
  await expect(sessionOn(page)).toHaveText(`${email}, user, two factors`);
  await expect(step).toHaveCount(0);

  await submitForm(page, 'Turn it off', { password });
  await expect(sessionOn(page)).toHaveText(`${email}, user, one factor`);
  expect(loads(), 'documents that all of this has loaded').toBe(0);
});

test('adminClient: an administrator finds and bans a user, acts as another one, and stops', { tag: '@once' }, async ({
  page,
  context,
  person,
  openAnotherContext,
  server: { origin },
}) => {
  const [banned, other] = [newPerson(), newPerson()];
  const device = await openAnotherContext();
  await register(device, other, origin);
  await register(device, banned, origin);
  await registerAdministrator(context, person, origin);
  await page.goto(origin);
  const asAdmin = `${person.email}, admin, one factor`;
  await expect(sessionOn(page)).toHaveText(asAdmin);
  const loads = countLoads(page);

  const rows = page.getByRole('region', { name: 'Users' }).getByRole('listitem');
  await submitForm(page, 'List', { email: banned.email }, 'done');
  await expect(rows).toHaveCount(1);
  await rows.getByRole('button', { name: 'Ban' }).click();
  await expect(rows).toContainText(`${banned.email} banned`);
  const theirs = await device.newPage();
  await theirs.goto(origin);
  await expect(sessionOn(theirs)).toHaveText('no session');

  await submitForm(page, 'List', { email: other.email }, 'done');
  await rows.getByRole('button', { name: 'Act as' }).click();
  await expect(sessionOn(page)).toHaveText(`${other.email}, user, one factor, impersonated`);
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(sessionOn(page)).toHaveText(asAdmin);
  expect(loads(), 'documents that all of this has loaded').toBe(0);
});
