// better-auth/react in a DOM: what a page with useSession shows, and when it requests the session again.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { assertOk, newClient, newPerson, signUp } from '../browser.mjs';
import { dom, openTab, showTab, waitForText } from './tab.mjs';

after(() => dom.happyDOM.close());

test('a page shows sign-in, update and sign-out', async () => {
  const { auth, ...ada } = await signUp();
  const page = openTab(new Map());
  await waitForText(page, 'no session');
  assert.equal(page.requests, 1);

  assertOk(await page.auth.signIn.email({ email: ada.email, password: ada.password }));
  await waitForText(page, ada.name);
  assertOk(await page.auth.updateUser({ name: 'Countess' }));
  await waitForText(page, 'Countess');
  assertOk(await page.auth.signOut());
  await waitForText(page, 'no session');
  assert.equal(page.requests, 4);
  page.close();
});

test('a page opened with a session shows it', async () => {
  const ada = await signUp();
  const page = openTab(ada.jar);
  await waitForText(page, ada.name);
  page.close();
});

test('a page shows sign-up and the deletion of the account', async () => {
  const page = openTab(new Map());
  await waitForText(page, 'no session');
  assertOk(await page.auth.signUp.email({ ...newPerson(), name: 'Grace' }));
  await waitForText(page, 'Grace');
  assertOk(await page.auth.deleteUser());
  await waitForText(page, 'no session');
  page.close();
});

test('a session that was revoked elsewhere is gone when the tab becomes visible', async () => {
  const ada = await signUp();
  const page = openTab(ada.jar);
  await waitForText(page, ada.name);
  const phone = newClient();
  assertOk(await phone.signIn.email({ email: ada.email, password: ada.password }));
  assertOk(await phone.revokeOtherSessions());
  showTab();
  await waitForText(page, 'no session');
  page.close();
});

test('an update and a sign-out in one tab show in the other', async () => {
  const ada = await signUp();
  const here = openTab(ada.jar);
  await waitForText(here, ada.name);
  const there = new Worker(new URL('other_tab.mjs', import.meta.url), {
    workerData: { jar: [...ada.jar] },
  });
  const expectOtherTabToShow = async (text, stored) => {
    there.postMessage({ show: text, stored });
    const [seen] = await once(there, 'message');
    assert.equal(seen, text);
  };
  // A browser sends the other tabs a storage event when one writes to the shared storage.
  const storageEventOfOtherTab = () => {
    const key = 'better-auth.message';
    return { key, newValue: dom.localStorage.getItem(key) };
  };
  await expectOtherTabToShow(ada.name);

  assertOk(await here.auth.updateUser({ name: 'Countess' }));
  assert.equal(JSON.parse(storageEventOfOtherTab().newValue).data.trigger, 'updateUser');
  await expectOtherTabToShow('Countess', storageEventOfOtherTab());

  assertOk(await here.auth.signOut());
  assert.equal(JSON.parse(storageEventOfOtherTab().newValue).data.trigger, 'signout');
  await expectOtherTabToShow('no session', storageEventOfOtherTab());
  there.postMessage({ close: true });
  here.close();
});
