// A browser tab for better-auth/react: it defines happy-dom's window and document as globals, and imports React after
// that. Import this module before React.
import { Window } from 'happy-dom';
import { serverURL } from '../browser.mjs';

export const dom = new Window({ url: `${serverURL}/` });
for (const name of ['window', 'document', 'navigator', 'localStorage', 'HTMLElement', 'Node']) {
  Object.defineProperty(globalThis, name, { value: dom[name] ?? dom, configurable: true });
}
globalThis.IS_REACT_ACT_ENVIRONMENT = false;

const { createElement } = await import('react');
const { createRoot } = await import('react-dom/client');
const { createAuthClient } = await import('better-auth/react');
const { browserFetch } = await import('../browser.mjs');

// Opens a page that shows the name of the signed-in user, from useSession. page.requests is the number of its requests
// to get-session.
export function openTab(jar) {
  const page = { requests: 0, jar };
  const fetchTab = browserFetch(jar);
  page.auth = createAuthClient({
    baseURL: serverURL,
    fetchOptions: {
      customFetchImpl: (url, init) => {
        if (String(url).includes('/get-session')) page.requests++;
        return fetchTab(url, init);
      },
    },
  });
  function CurrentUser() {
    const { data, isPending, error } = page.auth.useSession();
    const text = isPending ? '…' : (data?.user.name ?? (error ? 'error' : 'no session'));
    return createElement('p', { id: 'current-user' }, text);
  }
  const root = createRoot(dom.document.body.appendChild(dom.document.createElement('main')));
  root.render(createElement(CurrentUser));
  page.close = () => root.unmount();
  page.shows = () => dom.document.querySelector('#current-user')?.textContent;
  return page;
}

// Waits until the page shows a text; throws after ten seconds.
export async function waitForText(page, text) {
  for (let i = 0; i < 1000; i++) {
    if (page.shows() === text) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`after 10 seconds the page shows ${page.shows()}, want ${text}`);
}

// Makes the tab visible, as when a person switches to it.
export function showTab() {
  dom.document.dispatchEvent(new dom.Event('visibilitychange'));
}
