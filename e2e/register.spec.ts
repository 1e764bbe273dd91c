import { errorMessage, formFields, submitRegistration, waitUntilSignedIn, waitUntilSignedOut } from './harness/forms';
import { expect, newPerson, register, test } from './harness/test';

const signUpPath = '/api/auth/sign-up/email';

test('R60: a person registers, is signed in, and returns to the previous page', async ({
  page,
  person,
  checkPageState,
}) => {
  await page.goto('/register/?next=/docs/');
  await waitUntilSignedOut(page);
  await checkPageState(page, 'empty');
  await formFields(page).name.fill(person.name);
  await formFields(page).email.fill(person.email);
  await formFields(page).password.fill(person.password);
  await expect(page.getByText('Password strength: Strong')).toBeVisible();
  await checkPageState(page, 'filled');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page).toHaveURL('/docs/');
  await waitUntilSignedIn(page);
  await page.reload();
  await waitUntilSignedIn(page);
  await page.getByRole('button', { name: `Account of ${person.name}` }).click();
  await expect(page.locator('[data-account]').getByText(person.email)).toBeVisible();
});

test('R60: for a registered email address the form offers to sign in or reset the password', async ({
  page,
  openAnotherContext,
  person,
  guard,
  checkPageState,
}) => {
  await register(await openAnotherContext(), person);
  guard.allow(422, signUpPath);
  await page.goto('/register/');
  await submitRegistration(page, { ...person, email: person.email.toUpperCase() });
  await expect(errorMessage(page)).toContainText('There is an account with this e-mail address.');
  await expect(errorMessage(page)).toBeFocused();
  await expect(formFields(page).email).toHaveAttribute('aria-invalid', 'true');
  await expect(formFields(page).password).toHaveValue(person.password);
  await checkPageState(page, 'taken');
  await errorMessage(page)
    .getByRole('link', { name: /There is an account/ })
    .click();
  await expect(formFields(page).email).toBeFocused();
  await errorMessage(page).getByRole('link', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL('/login/');
});

test('with SIGN_UP=off the form says so and links to the sign-in', async ({
  page,
  person,
  startServer,
  guard,
  checkPageState,
}) => {
  const { origin } = await startServer({ SIGN_UP: 'off' });
  guard.allow(400, signUpPath);
  await page.goto(`${origin}/register/?next=/docs/`);
  await submitRegistration(page, person);
  await expect(errorMessage(page)).toContainText('Registration is closed at the moment.');
  await expect(errorMessage(page)).toBeFocused();
  await expect(formFields(page).password).toHaveCount(0);
  await checkPageState(page, 'switched-off');
  await errorMessage(page).getByRole('link', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(`${origin}/login/?next=%2Fdocs%2F`);
});

test('R60: the rules of a password are visible, and are marked as done', async ({ page, guard, checkPageState }) => {
  await page.goto('/register/?next=/docs/');
  await waitUntilSignedOut(page);
  const ruleWithText = (text: string) => page.getByRole('listitem').filter({ hasText: text });
  await expect(ruleWithText('8 to 128 characters')).toBeVisible();
  await expect(formFields(page).password).toHaveAccessibleDescription(/8 to 128 characters/);
  await formFields(page).name.fill('Grace Hopper');
  await formFields(page).email.fill(newPerson().email);
  await formFields(page).password.fill('hopper7');
  await expect(ruleWithText('No part of the name')).not.toContainText('done');
  await expect(ruleWithText('No common word or number')).toContainText('done');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(errorMessage(page)).toHaveText('The password needs at least 8 characters.');
  await expect(formFields(page).password).toHaveAccessibleDescription(/The password needs at least 8 characters\./);
  await checkPageState(page, 'password-too-short');
  await formFields(page).password.fill('x'.repeat(129));
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(errorMessage(page)).toHaveText('The password can have at most 128 characters.');
  // The form has sent no request for the wrong lengths. The other rules are only advice.
  expect(guard.take()).toEqual([]);
  await formFields(page).password.fill('password grace hopper');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page).toHaveURL('/docs/');
});

test('R60: the form shows an error for an email address that the server rejects', async ({
  page,
  person,
  guard,
  checkPageState,
}) => {
  guard.allow(400, signUpPath);
  await page.goto('/register/');
  await submitRegistration(page, { ...person, email: 'ada@localhost' });
  await expect(errorMessage(page)).toHaveText('That is not an e-mail address, such as ada@example.com.');
  await expect(formFields(page).email).toHaveAttribute('aria-invalid', 'true');
  await checkPageState(page, 'invalid-email');
});

test('an email address may have a plus sign, and spaces around it are removed', async ({ page, person }) => {
  await page.goto('/register/?next=/docs/');
  await submitRegistration(page, { ...person, email: `  ${person.email.replace('@', '+xenon@')} ` });
  await expect(page).toHaveURL('/docs/');
});

test('input typed before hydration is kept', { tag: '@once' }, async ({ page, person }) => {
  let release = () => {};
  const released = new Promise<void>((done) => (release = done));
  await page.route('**/assets/js/**', async (route) => {
    await released;
    await route.continue();
  });
  await page.goto('/register/?next=/docs/', { waitUntil: 'commit' });
  await formFields(page).name.fill(person.name);
  await formFields(page).email.fill(person.email);
  await formFields(page).password.fill(person.password);
  release();
  await waitUntilSignedOut(page);
  await expect(formFields(page).email).toHaveValue(person.email);
  await expect(page.getByText('Password strength: Strong')).toBeVisible();
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page).toHaveURL('/docs/');
});

test('password managers find the fields', { tag: '@once' }, async ({ page }) => {
  await page.goto('/register/');
  const seen = await page
    .locator('main form input')
    .evaluateAll((all) =>
      all.map(
        (input) =>
          `${input.id} ${input.getAttribute('name')} ${input.getAttribute('type')} ${input.getAttribute('autocomplete')}`,
      ),
    );
  expect(seen).toEqual([
    'name name text name',
    'email email email username',
    'password password password new-password',
  ]);
});
