import { vi } from 'vitest';
import { type Answers, answersOf, type Profile } from '../client/profile';
import { currentProfile } from './useRouteContext';

/** A test double of the profile API. It has one profile for each user, with a version that changes at each save. */
export interface ProfileServer {
  /** The id of the user whose cookie the browser has. */
  userId: string;
  /** Saves as another tab or device would. */
  readonly saveElsewhere: (answers: Answers) => void;
  readonly removeElsewhere: () => void;
  readonly saved: () => Profile | undefined;
  /** The requests to the profile, such as `PUT {"time_per_week":3}`. */
  readonly requests: string[];
  /** If set, returns the response to the next request to the profile. */
  respondNext: (() => Response | Promise<Response>) | undefined;
}

// The client keeps the first `fetch` that it finds, so all tests use this one.
const forwardToCurrent: typeof fetch = (input, init) => currentFetch(input, init);
let currentFetch: typeof fetch;

/** Replaces `fetch` by a profile server. */
export function startProfileServer(userId = 'u1'): ProfileServer {
  const profiles = new Map<string, { profile: Profile; version: number }>();
  let version = 0;
  const write = (id: string, answers: Answers) => {
    const before = profiles.get(id)?.profile;
    const profile = {
      ...answersOf(currentProfile().fields, before),
      ...answers,
      id: 'p',
      user_id: id,
      created_at: '',
      updated_at: '',
    };
    profiles.set(id, { profile, version: ++version });
  };
  const server: ProfileServer = {
    userId,
    saveElsewhere: (answers) => write(server.userId, answers),
    removeElsewhere: () => profiles.delete(server.userId),
    saved: () => profiles.get(server.userId)?.profile,
    requests: [],
    respondNext: undefined,
  };
  const answer = (method: string, init?: RequestInit) => {
    const headers = new Headers(init?.headers);
    const id = subjectOf(headers.get('authorization') ?? '');
    const known = profiles.get(id);
    if (method === 'POST' && known) return jsonResponse(409, { error_code: 'PROFILE_ALREADY_EXISTS' });
    if (method !== 'POST' && !known) return jsonResponse(404, { error_code: 'PROFILE_NOT_FOUND' });
    const match = headers.get('if-match');
    if (method === 'PUT' && match && match !== `"${known?.version}"`)
      return jsonResponse(412, { error_code: 'PROFILE_CHANGED' });
    if (method !== 'GET') write(id, JSON.parse(String(init?.body)) as Answers);
    const now = profiles.get(id);
    return jsonResponse(method === 'POST' ? 201 : 200, now?.profile, { etag: `"${now?.version}"` });
  };
  currentFetch = async (input, init) => {
    const path = new URL(String(input), 'http://localhost').pathname;
    if (path === '/api/auth/token') return jsonResponse(200, { token: makeToken(server.userId) });
    if (path !== '/api/profile') return jsonResponse(200, null);
    const method = init?.method ?? 'GET';
    server.requests.push([method, init?.body].filter(Boolean).join(' '));
    const { respondNext } = server;
    server.respondNext = undefined;
    return respondNext ? respondNext() : answer(method, init);
  };
  vi.stubGlobal('fetch', forwardToCurrent);
  return server;
}

/** A token with a subject and a lifetime of a week. */
export function makeToken(subject: string): string {
  return `header.${btoa(JSON.stringify({ sub: subject, iat: 0, exp: 604_800 }))}.signature`;
}

function subjectOf(authorization: string): string {
  return (JSON.parse(atob(authorization.split('.')[1] ?? '')) as { sub: string }).sub;
}

/** A JSON response of the API. */
export function jsonResponse(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
}
