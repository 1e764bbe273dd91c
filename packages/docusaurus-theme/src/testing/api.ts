import { vi } from 'vitest';
import { jsonResponse } from './profileServer';

/** One request to the API. `path` is without `/api/auth`, and has the query. */
export interface ApiRequest {
  readonly path: string;
  readonly body: unknown;
}

/** A test double of the API of Better Auth. */
export interface Api {
  /** The answers by path without the query. Without an answer, the status is 200 and the body null. */
  answers: Record<string, (body: unknown) => Response | Promise<Response>>;
  /** All requests except those for the session and the providers. */
  requests: ApiRequest[];
  /** The answer of get-session. */
  session: unknown;
}

// The client keeps the first `fetch` that it finds, so all tests of a file use this one.
let current: Api;

/** Replaces `fetch` by a new API without a session and without providers. */
export function startApi(): Api {
  const api: Api = { answers: {}, requests: [], session: null };
  current = api;
  vi.stubGlobal('fetch', respond);
  return api;
}

async function respond(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const { pathname, search } = new URL(String(input), 'http://localhost');
  const path = pathname.replace('/api/auth', '');
  if (path === '/get-session') return jsonResponse(200, current.session);
  if (path === '/social-providers') return jsonResponse(200, []);
  const body = init?.body ? JSON.parse(String(init.body)) : undefined;
  current.requests.push({ path: path + search, body });
  return current.answers[path]?.(body) ?? jsonResponse(200, null);
}

/** An answer with an error code. */
export function errorResponse(status: number, code: string, headers: Record<string, string> = {}): Response {
  return jsonResponse(status, { code, message: `not shown: ${code}` }, headers);
}

/** The answer of get-session for a person. */
export function sessionOf(user: Record<string, unknown> = {}, session: Record<string, unknown> = {}): unknown {
  const now = new Date().toISOString();
  const later = new Date(Date.now() + 86_400_000 * 7).toISOString();
  return {
    session: { id: 's1', token: 't1', userId: 'u1', expiresAt: later, createdAt: now, updatedAt: now, ...session },
    user: { id: 'u1', name: 'Ada', email: 'ada@example.com', emailVerified: true, createdAt: now, ...user },
  };
}
