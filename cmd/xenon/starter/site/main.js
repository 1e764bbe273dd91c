// An example without a build. A site with a build uses the npm package better-auth, which makes the same requests.
const status = document.getElementById('status');
const form = document.getElementById('form');
const signOut = document.getElementById('sign-out');

async function call(path, body) {
  const response = await fetch(`/api/auth/${path}`, {
    method: body ? 'POST' : 'GET',
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}

async function show() {
  const session = await call('get-session');
  form.hidden = Boolean(session);
  signOut.hidden = !session;
  status.textContent = session ? `You are signed in as ${session.user.email}.` : 'You are not signed in.';
}

async function run(action) {
  try {
    await action();
    await show();
  } catch (error) {
    status.textContent = error.message;
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const { name, email, password } = Object.fromEntries(new FormData(form));
  run(() =>
    event.submitter.name === 'sign-up'
      ? call('sign-up/email', { name: name || email, email, password })
      : call('sign-in/email', { email, password }),
  );
});
signOut.addEventListener('click', () => run(() => call('sign-out', {})));
run(show);
