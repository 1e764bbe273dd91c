import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { createDatabase, executeSQLIn, readRow, type TestDatabase } from './harness/database';
import { expectNoOverflow } from './harness/layout';
import { makeStockSite, type StockSite } from './harness/stock-site';
import { expect, register, test } from './harness/test';
import { repositoryRoot } from './harness/xenon';

// A site of create-docusaurus and a server with the same declaration of own fields, from the database to the form.
test.describe.configure({ mode: 'serial' });

const file = path.join(repositoryRoot, 'examples/profile-fields/profile.yaml');
const profilePath = '/api/profile';

let site: StockSite;
let files: string;
let database: TestDatabase;
test.beforeAll(async () => {
  test.setTimeout(600_000);
  database = await createDatabase();
  site = makeStockSite('profile-fields');
  copyFileSync(file, path.join(site.dir, 'profile.yaml'));
  files = site.build('/', { theme: { profile: './profile.yaml' } });
});
test.afterAll(async () => {
  site?.remove();
  await database?.drop();
});

/** The arguments of startServer for the server with the own fields and the site. */
const serverOfSite = () =>
  [{ DATABASE_URL: database.url, PROFILE_FIELDS: file }, ['--site', files, '--csp', 'docusaurus']] as const;

const profileTest = test.extend<{ openNewProfile: () => Promise<string> }>({
  /** Registers the person, opens their form, which has no profile yet, and returns the origin of the site. */
  openNewProfile: async ({ page, context, person, guard, startServer }, use) => {
    await use(async () => {
      const { origin } = await startServer(...serverOfSite());
      await register(context, person, origin);
      guard.allow(404, profilePath);
      await page.goto(`${origin}/profile`);
      return origin;
    });
  },
});

const saveStatus = (page: Page) => page.locator('form [role=status]').last();
const clickSave = (page: Page) => page.getByRole('button', { name: /^(Save|Create my profile)$/ }).click();
const shirtSizes = (page: Page) => page.getByRole('group', { name: 'T-shirt size' });

/** Whether the middle of an element is visible. */
const isUncovered = (element: Locator) =>
  element.evaluate((node) => {
    const { x, y, width, height } = node.getBoundingClientRect();
    return document.elementFromPoint(x + width / 2, y + height / 2) === node;
  });

const readProfileRow = (email: string) =>
  readRow(
    database.url,
    `SELECT display_name, postal_code, track, shirt_size, seats, year_of_birth, newsletter, visible
     FROM user_profile WHERE user_id = (SELECT id FROM "user" WHERE email = $1)`,
    email,
  );

const defaults = {
  display_name: null,
  postal_code: null,
  track: 'beginner',
  shirt_size: null,
  seats: 1,
  year_of_birth: null,
  newsletter: null,
  visible: false,
};

profileTest(
  'own fields are saved in their columns, and the form shows them again',
  { tag: '@once' },
  async ({ page, person, checkPageState, openNewProfile }) => {
    await openNewProfile();
    await expect(page.getByRole('group', { name: 'Track' }).getByLabel('Beginner')).toBeChecked();
    await expect(page.getByLabel('Seats')).toHaveValue('1');
    await checkPageState(page, 'own-fields-new');

    await page.getByLabel('Name on the certificate').fill('Ada Lovelace 🙂');
    await page.getByLabel('Postal code').fill('SW1A 1AA');
    await page.getByRole('group', { name: 'Track' }).getByLabel('Teacher').check();
    await shirtSizes(page).getByLabel('M', { exact: true }).check();
    await page.getByLabel('Seats').fill('12');
    await page.getByLabel('Year of birth').fill('1990');
    await page.getByLabel('Send me the newsletter').selectOption('No');
    await page.getByLabel('Show my name to other participants').selectOption('Yes');
    await expect(saveStatus(page)).toHaveText('8 changes, not saved yet');
    await clickSave(page);
    await expect(saveStatus(page)).toHaveText('Saved.');
    expect(await readProfileRow(person.email)).toEqual({
      display_name: 'Ada Lovelace 🙂',
      postal_code: 'SW1A 1AA',
      track: 'teacher',
      shirt_size: 'm',
      seats: 12,
      year_of_birth: 1990,
      newsletter: false,
      visible: true,
    });

    await page.reload();
    await expect(page.getByLabel('Name on the certificate')).toHaveValue('Ada Lovelace 🙂');
    await expect(page.getByLabel('Postal code')).toHaveValue('SW1A 1AA');
    await expect(page.getByRole('group', { name: 'Track' }).getByLabel('Teacher')).toBeChecked();
    await expect(shirtSizes(page).getByLabel('M', { exact: true })).toBeChecked();
    await expect(page.getByLabel('Seats')).toHaveValue('12');
    await expect(page.getByLabel('Year of birth')).toHaveValue('1990');
    await expect(page.getByLabel('Send me the newsletter')).toHaveValue('false');
    await expect(page.getByLabel('Show my name to other participants')).toHaveValue('true');

    await page.getByLabel('Name on the certificate').clear();
    await shirtSizes(page).getByLabel('No answer').check();
    await page.getByLabel('Year of birth').clear();
    await page.getByLabel('Send me the newsletter').selectOption('No answer');
    await clickSave(page);
    await expect(saveStatus(page)).toHaveText('Saved.');
    expect(await readProfileRow(person.email)).toMatchObject({
      display_name: null,
      shirt_size: null,
      year_of_birth: null,
      newsletter: null,
      visible: true,
    });
  },
);

profileTest(
  'the form rejects what the API rejects, with the same words',
  { tag: '@once' },
  async ({ page, context, person, checkPageState, openNewProfile }) => {
    const origin = await openNewProfile();
    const wrong = [
      { name: 'postal_code', label: 'Postal code', typed: 'sw1a', value: 'sw1a' },
      { name: 'seats', label: 'Seats', typed: '13', value: 13 },
      { name: 'year_of_birth', label: 'Year of birth', typed: '19.5', value: 19.5 },
    ];
    for (const { label, typed } of wrong) await page.getByLabel(label).fill(typed);
    await clickSave(page);
    await expect(page.getByLabel('Postal code')).toBeFocused();

    const { token } = (await (await context.request.get(`${origin}/api/auth/token`)).json()) as { token: string };
    const answer = await context.request.post(origin + profilePath, {
      data: Object.fromEntries(wrong.map(({ name, value }) => [name, value])),
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status()).toBe(400);
    const { detail } = (await answer.json()) as { detail: string };
    for (const { name, label } of wrong) {
      const input = page.getByLabel(label);
      await expect(input).toHaveAttribute('aria-invalid', 'true');
      const problem = await page.locator(`[id="${await input.getAttribute('aria-describedby')}"]`).textContent();
      expect(detail).toContain(`${name}: ${problem}`);
    }
    await checkPageState(page, 'own-fields-invalid');
    await page.getByLabel('Postal code').fill('10115');
    await page.getByLabel('Seats').fill('2');
    await page.getByLabel('Year of birth').clear();
    await clickSave(page);
    await expect(saveStatus(page)).toHaveText('Saved.');
    expect(await readProfileRow(person.email)).toEqual({ ...defaults, postal_code: '10115', seats: 2 });
  },
);

profileTest(
  'a problem that only the API finds is shown at its input',
  { tag: '@once' },
  async ({ page, guard, openNewProfile }) => {
    await openNewProfile();
    // As from a site that was built with an older file, in which more seats were allowed.
    await page.route(`**${profilePath}`, (route) => route.continue({ postData: '{"seats":40}' }));
    await page.getByLabel('Seats').fill('4');
    guard.allow(400, profilePath);
    await clickSave(page);
    await expect(page.getByRole('alert').filter({ hasText: 'Something in the form is wrong' })).toBeFocused();
    await expect(page.getByLabel('Seats')).toHaveAccessibleDescription('has to be a whole number from 1 to 12');
  },
);

profileTest(
  'own fields look right on a phone and in the dark',
  { tag: '@once' },
  async ({ page, checkPageState, openNewProfile }) => {
    await openNewProfile();
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const [layout, viewport] of [
        ['desktop', { width: 1280, height: 800 }],
        ['phone', { width: 360, height: 800 }],
      ] as const) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize(viewport);
        await page.reload();
        await page.getByLabel('Year of birth').fill('1');
        await clickSave(page);
        await expect(page.getByLabel('Year of birth')).toHaveAttribute('aria-invalid', 'true');
        await expectNoOverflow(page);
        expect(await isUncovered(page.getByLabel('Year of birth')), 'the focused input is not covered').toBe(true);
        await expect(page.locator('form [role=status]').last().locator('..')).not.toHaveCSS(
          'background-color',
          'rgba(0, 0, 0, 0)',
        );
        await checkPageState(page, `own-fields-${layout}-${colorScheme}`);
        page.once('dialog', (dialog) => void dialog.accept());
      }
    }
  },
);

test('a value that the declaration no longer has is shown and kept', { tag: '@once' }, async ({
  page,
  context,
  person,
  startServer,
}) => {
  const { origin } = await startServer(...serverOfSite());
  await register(context, person, origin);
  // The server has a declaration with one more size than the site, as before a size was removed.
  await page.route(`**${profilePath}`, async (route) => {
    const response = await route.fetch();
    const body = response.ok() ? { ...((await response.json()) as object), shirt_size: 'xxl' } : await response.text();
    await route.fulfill({ response, body: typeof body === 'string' ? body : JSON.stringify(body) });
  });
  await executeSQLIn(
    database.url,
    `INSERT INTO user_profile (user_id) SELECT id FROM "user" WHERE email = $1`,
    person.email,
  );
  await page.goto(`${origin}/profile`);
  await expect(shirtSizes(page).getByLabel('xxl')).toBeChecked();
  await page.getByLabel('Seats').fill('3');
  const sent = page.waitForRequest((request) => request.method() === 'PUT');
  await clickSave(page);
  expect((await sent).postDataJSON()).toEqual({ seats: 3 });
  await expect(saveStatus(page)).toHaveText('Saved.');
});

test('docusaurus write-translations writes the labels of own fields', { tag: '@once' }, () => {
  const docusaurus = path.join(repositoryRoot, 'node_modules/.bin/docusaurus');
  execFileSync(docusaurus, ['write-translations', '--locale', 'en'], { cwd: site.dir, stdio: 'pipe' });
  const written = path.join(site.dir, 'i18n/en/docusaurus-theme-xenon/profile.json');
  const texts = JSON.parse(readFileSync(written, 'utf8')) as Record<string, unknown>;
  expect(texts['theme.xenon.profile.field.track.label']).toEqual({ message: 'Track' });
  expect(texts['theme.xenon.profile.field.track.choice.beginner']).toEqual({ message: 'Beginner' });
});

test('the scripts of the site have no parser of YAML', { tag: '@once' }, async ({
  page,
  startServer,
  guard,
  context,
  person,
}) => {
  const { origin } = await startServer(...serverOfSite());
  await register(context, person, origin);
  guard.allow(404, profilePath);
  const scripts: string[] = [];
  page.on('response', async (response) => {
    if (response.url().endsWith('.js')) scripts.push(await response.text());
  });
  await page.goto(`${origin}/profile`, { waitUntil: 'networkidle' });
  await expect(page.getByLabel('Seats')).toBeVisible();
  expect(scripts.filter((text) => text.includes('Name on the certificate')).length, 'scripts with the labels').toBe(1);
  expect(scripts.filter((text) => text.includes('YAMLParseError')).length, 'scripts with a parser').toBe(0);
  expect(readFileSync(path.join(repositoryRoot, 'node_modules/yaml/dist/errors.js'), 'utf8')).toContain(
    'YAMLParseError',
  );
});
