import type { BrowserContext, Page } from '@playwright/test';
import { returnToTab, revokeOtherSessions, signInOnPage } from './harness/people';
import { expect, newPerson, type Person, register, test } from './harness/test';

const profilePath = '/api/profile';

/** Opens the page of an existing profile. */
async function openProfileEditor(page: Page): Promise<void> {
  await page.goto('/profile/');
  await expect(page.getByRole('button', { name: 'Save' })).toBeVisible();
}

/** Saves a profile through the API, as another device would. */
async function saveElsewhere(
  context: BrowserContext,
  origin: string,
  answers: object,
  method: 'post' | 'put',
): Promise<void> {
  const { token } = (await (await context.request.get(`${origin}/api/auth/token`)).json()) as { token: string };
  const answer = await context.request[method](`${origin}${profilePath}`, {
    data: answers,
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.ok(), await answer.text()).toBe(true);
}

const hoursInput = (page: Page) => page.getByLabel('Hours a week');
const saveStatus = (page: Page) => page.locator('form [role=status]').last();

test('R60: a profile is created on the first visit and edited on later ones', async ({
  page,
  context,
  person,
  guard,
  checkPageState,
}) => {
  await register(context, person);
  guard.allow(404, profilePath);
  await page.goto('/profile/');
  await expect(page.getByText('Tell us how you learn')).toBeVisible();
  await checkPageState(page, 'new');
  await page.getByRole('group', { name: 'Why are you learning?' }).getByLabel('A project of my own').check();
  await page.getByLabel('Code first').check();
  await hoursInput(page).fill('6');
  await page.getByLabel('Language').selectOption('ur');
  await expect(saveStatus(page)).toHaveText('4 changes, not saved yet');
  await checkPageState(page, 'unsaved');
  await page.getByRole('button', { name: 'Create my profile' }).click();
  await expect(saveStatus(page)).toHaveText('Saved.');
  await checkPageState(page, 'saved');
  await openProfileEditor(page);
  await expect(page.getByLabel('Code first')).toBeChecked();
  await expect(hoursInput(page)).toHaveValue('6');
  await expect(page.getByLabel('Language')).toHaveValue('ur');
  const sent = page.waitForRequest((request) => request.method() === 'PUT');
  await page.getByRole('group', { name: 'How do you learn best?' }).getByLabel('No answer').check();
  await page.getByRole('button', { name: 'Save' }).click();
  expect((await sent).postDataJSON()).toEqual({ learning_mode: null });
  expect((await sent).headers()['if-match']).toMatch(/^".+"$/);
  await expect(saveStatus(page)).toHaveText('Saved.');
});

test('R60: the profile form works with the keyboard alone', { tag: '@once' }, async ({
  page,
  context,
  person,
  guard,
}) => {
  await register(context, person);
  guard.allow(404, profilePath);
  await page.goto('/profile/');
  await page.getByRole('group', { name: 'How old are you?' }).getByLabel('No answer').focus();
  await page.keyboard.press('ArrowRight'); // from the last to the first
  await expect(page.getByLabel('Under 18')).toBeChecked();
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByLabel('Self-taught')).toBeChecked();
  for (let i = 0; i < 5; i++) await page.keyboard.press('Tab');
  await expect(hoursInput(page)).toBeFocused();
  await page.keyboard.type('12');
  await page.keyboard.press('Enter');
  await expect(saveStatus(page)).toHaveText('Saved.');
});

test('invalid hours are rejected before anything is sent', { tag: '@once' }, async ({
  page,
  context,
  person,
  baseURL,
}) => {
  await register(context, person);
  await saveElsewhere(context, baseURL ?? '', {}, 'post');
  await openProfileEditor(page);
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'PUT') sent.push(request.url());
  });
  for (const wrong of ['-1', '1.5', '2147483648']) {
    await hoursInput(page).fill(wrong);
    await page.getByRole('button', { name: 'Save' }).click();
    expect(await hoursInput(page).evaluate((input: HTMLInputElement) => input.validity.valid), wrong).toBe(false);
    await expect(hoursInput(page)).toBeFocused();
    await expect(hoursInput(page)).toHaveAccessibleDescription('has to be a whole number of hours, 0 or more, or null');
  }
  await hoursInput(page).clear();
  await hoursInput(page).pressSequentially('1e'); // not a number: the browser gives scripts no text
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(hoursInput(page)).toHaveAttribute('aria-invalid', 'true');
  expect(sent).toEqual([]);
});

test('two tabs change the same answer: the person chooses', async ({
  page,
  context,
  person,
  guard,
  checkPageState,
  baseURL,
}) => {
  await register(context, person);
  await saveElsewhere(context, baseURL ?? '', { time_per_week: 3 }, 'post');
  await openProfileEditor(page);
  const other = await context.newPage();
  await openProfileEditor(other);
  await hoursInput(other).fill('5');
  await other.getByLabel('Reading').check();
  await other.getByRole('button', { name: 'Save' }).click();
  await expect(saveStatus(other)).toHaveText('Saved.');

  await hoursInput(page).fill('8');
  await page.getByLabel('Under 18').check();
  guard.allow(412, profilePath);
  await page.getByRole('button', { name: 'Save' }).click();
  const conflict = page.getByRole('alert').filter({ hasText: 'changed elsewhere' });
  await expect(conflict).toBeFocused();
  await expect(conflict.getByRole('radio')).toHaveCount(2);
  await expect(page.getByLabel('Reading')).toBeChecked();
  await checkPageState(page, 'conflict');
  await conflict.getByLabel('5 Saved elsewhere').check();
  await expect(hoursInput(page)).toHaveValue('5');
  await conflict.getByLabel('8 Yours').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(saveStatus(page)).toHaveText('Saved.');
  await expect(conflict).toHaveCount(0);
  await openProfileEditor(other);
  await expect(hoursInput(other)).toHaveValue('8');
  await expect(other.getByLabel('Reading')).toBeChecked();
  await expect(other.getByLabel('Under 18')).toBeChecked();
});

test('two tabs change different answers: both are kept', { tag: '@once' }, async ({
  page,
  context,
  person,
  guard,
  baseURL,
}) => {
  await register(context, person);
  await saveElsewhere(context, baseURL ?? '', { time_per_week: 3 }, 'post');
  await openProfileEditor(page);
  await saveElsewhere(context, baseURL ?? '', { learning_mode: 'textual' }, 'put');
  await hoursInput(page).fill('8');
  guard.allow(412, profilePath);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(saveStatus(page)).toContainText('Saved, together with the changes made elsewhere');
  await expect(page.getByLabel('Reading')).toBeChecked();
});

test('two tabs create a profile: the person chooses', { tag: '@once' }, async ({
  page,
  context,
  person,
  guard,
  baseURL,
}) => {
  await register(context, person);
  guard.allow(404, profilePath);
  await page.goto('/profile/');
  await hoursInput(page).fill('8');
  await saveElsewhere(context, baseURL ?? '', { time_per_week: 2 }, 'post');
  guard.allow(409, profilePath);
  await page.getByRole('button', { name: 'Create my profile' }).click();
  await expect(page.getByLabel('2 Saved elsewhere')).toBeVisible();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(saveStatus(page)).toHaveText('Saved.');
});

test('leaving with unsaved changes asks first', { tag: '@once' }, async ({ page, context, person, baseURL }) => {
  await register(context, person);
  await saveElsewhere(context, baseURL ?? '', {}, 'post');
  await page.goto('/docs/');
  await page.getByRole('button', { name: `Account of ${person.name}` }).click();
  await page.getByRole('link', { name: 'Profile' }).click();
  await hoursInput(page).fill('8');
  const questions: string[] = [];
  let answer = false;
  page.on('dialog', (dialog) => {
    questions.push(dialog.type());
    void (answer ? dialog.accept() : dialog.dismiss());
  });
  const home = page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Xenon' });
  await home.click();
  await expect.poll(() => questions).toEqual(['confirm']);
  await page.evaluate(() => history.back());
  await expect.poll(() => questions).toEqual(['confirm', 'confirm']);
  await page.evaluate(() => location.assign('/docs/'));
  await expect.poll(() => questions).toEqual(['confirm', 'confirm', 'beforeunload']);
  await expect(page).toHaveURL(/\/profile\/$/);
  await expect(hoursInput(page)).toHaveValue('8');
  answer = true;
  await home.click();
  await expect(page).toHaveURL(/\/$/);
  await page.goBack();
  await expect(hoursInput(page)).toHaveValue('');
});

test('if the session ends while a person types, the input is saved after the person enters the password', async ({
  page,
  context,
  person,
  guard,
  checkPageState,
  baseURL,
}) => {
  await register(context, person);
  await saveElsewhere(context, baseURL ?? '', { time_per_week: 1 }, 'post');
  await page.clock.install();
  await openProfileEditor(page);
  await hoursInput(page).fill('8');
  await context.clearCookies();
  // 80 % of the token's seven days are over, so a new one is fetched.
  await page.clock.fastForward(140 * 60 * 60 * 1000);
  guard.allow(401, '/api/auth/token');
  await page.getByRole('button', { name: 'Save' }).click();
  const dialog = page.getByRole('dialog', { name: 'Enter your password again' });
  await expect(dialog).toBeVisible();
  await checkPageState(page, 'signed-out-meanwhile');
  guard.allow(401, '/api/auth/sign-in/email');
  await dialog.getByLabel(`Password of ${person.email}`).fill('not that');
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('alert')).toBeFocused();
  await dialog.getByLabel(`Password of ${person.email}`).fill(person.password);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await expect(saveStatus(page)).toHaveText('Saved.');
  await expect(page.getByRole('button', { name: 'Save' })).toBeFocused();
  await expect(hoursInput(page)).toHaveValue('8');
});

test('the session is revoked elsewhere: the page hides the profile, and keeps the input until the sign-in', async ({
  page,
  context,
  person,
  openAnotherContext,
  checkPageState,
  baseURL,
}) => {
  await register(context, person);
  await saveElsewhere(context, baseURL ?? '', { time_per_week: 1 }, 'post');
  await openProfileEditor(page);
  await hoursInput(page).fill('8');
  await revokeOtherSessions(await openAnotherContext(), person);
  await returnToTab(page);
  await expect(page.getByRole('heading', { name: 'Sign in to continue' })).toBeVisible();
  await expect(hoursInput(page)).toHaveCount(0);
  await expect(page.getByText(person.email)).toHaveCount(0);
  await checkPageState(page, 'signed-out');
  await signInOnPage(page, person);
  await expect(hoursInput(page)).toHaveValue('8');
  await expect(saveStatus(page)).toHaveText('1 change, not saved yet');
});

test('another person signs in in another tab: no data of the first person is shown or saved', {
  tag: '@once',
}, async ({ page, context, person, guard, baseURL }) => {
  await register(context, person);
  await saveElsewhere(context, baseURL ?? '', { time_per_week: 1 }, 'post');
  await openProfileEditor(page);
  await hoursInput(page).fill('8');
  const second: Person = newPerson();
  await register(context, second);
  guard.allow(404, profilePath);
  await returnToTab(page);
  await expect(page.getByText('Tell us how you learn')).toBeVisible();
  await expect(hoursInput(page)).toHaveValue('');
  await hoursInput(page).fill('2');
  await page.getByRole('button', { name: 'Create my profile' }).click();
  await expect(saveStatus(page)).toHaveText('Saved.');
});

test('the API is slow and then unreachable: there is one request, and the input is kept', async ({
  page,
  context,
  person,
  guard,
  checkPageState,
  baseURL,
}) => {
  await register(context, person);
  await saveElsewhere(context, baseURL ?? '', { time_per_week: 1 }, 'post');
  const requests: string[] = [];
  let go = () => {};
  const released = new Promise<void>((done) => {
    go = done;
  });
  await page.route(`**${profilePath}`, async (route) => {
    requests.push(route.request().method());
    await released;
    await route.continue();
  });
  await page.goto('/profile/');
  await expect.poll(() => requests).toEqual(['GET']);
  await expect(page.getByRole('status', { name: 'Loading' })).toBeVisible();
  await checkPageState(page, 'loading');
  go();
  await hoursInput(page).fill('8');
  expect(requests).toEqual(['GET']);
  await page.unroute(`**${profilePath}`);
  await page.route(`**${profilePath}`, (route) => route.abort('connectionrefused'));
  guard.allow('failed', profilePath);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Nothing is lost' })).toBeFocused();
  await checkPageState(page, 'unreachable');
  await page.unroute(`**${profilePath}`);
  await page.getByRole('button', { name: 'Save' }).dblclick();
  await expect(saveStatus(page)).toHaveText('Saved.');
});
