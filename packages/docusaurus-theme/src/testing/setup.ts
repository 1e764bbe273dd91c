import { configure } from '@testing-library/react';
import type { Window as HappyWindow } from 'happy-dom';
import { vi } from 'vitest';

// Long enough for a busy machine: no test measures time.
configure({ asyncUtilTimeout: 30_000 });

// The test files of a worker share one window, because making one takes longer than most tests. Each file begins with
// modules of its own and an empty window.
vi.resetModules();
vi.unstubAllGlobals();
vi.unstubAllEnvs();
if (typeof window !== 'undefined') {
  window.localStorage.clear();
  window.sessionStorage.clear();
  // biome-ignore lint/suspicious/noDocumentCookie: happy-dom has no Cookie Store API
  for (const cookie of document.cookie.split('; ')) document.cookie = `${cookie.split('=')[0]}=; Max-Age=0`;
  document.body.innerHTML = '';
  (window as unknown as HappyWindow).happyDOM.setURL('http://localhost:3000/');
}
