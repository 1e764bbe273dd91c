// The profile API, which Better Auth does not have.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertOk, serverURL, signUp } from '../browser.mjs';

function requestProfile(method, jwt, body) {
  return fetch(`${serverURL}/api/profile`, {
    method,
    headers: {
      authorization: `Bearer ${jwt}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
  });
}

test('the JWT of the client works for the profile API', async () => {
  const ada = await signUp();
  const { token } = assertOk(await ada.auth.token());
  assert.equal((await requestProfile('GET', token)).status, 404);
  const created = await requestProfile('POST', token, { learning_mode: 'visual', time_per_week: 5 });
  assert.equal(created.status, 201);
  assert.equal((await requestProfile('POST', token, {})).status, 409);
  assert.equal((await requestProfile('PUT', token, { time_per_week: 7 })).status, 200);
  const read = await (await requestProfile('GET', token)).json();
  assert.deepEqual(
    [read.user_id, read.learning_mode, read.time_per_week, read.preferred_language],
    [ada.user.id, 'visual', 7, 'en'],
  );
});
