import type { Outcome } from './failure';

/** Keeps a JWT in memory and renews it before it expires. */
export interface TokenStore {
  /** Returns the token to send, or why there is none. Concurrent calls send one request. */
  readonly get: () => Promise<Outcome<string>>;
  /** Drops the token, because the API rejected it or another person has signed in. */
  readonly clear: () => void;
}

// A token is renewed after this part of its lifetime, so that it does not expire before it reaches the API.
const renewalShareOfLifetime = 0.8;

/**
 * Keeps a JWT in memory, never in storage. Its age is measured with the monotonic clock (`now` in milliseconds) from
 * the time of the request, so a wrong system date has no effect. `fetchToken` never rejects.
 */
export function createTokenStore(
  fetchToken: () => Promise<Outcome<string>>,
  now = () => performance.now(),
): TokenStore {
  let cached: { readonly token: string; readonly until: number } | undefined;
  let request: Promise<Outcome<string>> | undefined;
  // The number of calls of clear. A token is not stored if clear was called after its request.
  let generation = 0;
  const renew = async (): Promise<Outcome<string>> => {
    const started = generation;
    const requestedAt = now();
    const outcome = await fetchToken();
    if (started !== generation) return outcome;
    request = undefined;
    if (outcome.data !== undefined)
      cached = { token: outcome.data, until: requestedAt + tokenLifetime(outcome.data) * renewalShareOfLifetime };
    return outcome;
  };
  return {
    get: async () => {
      if (cached && now() < cached.until) return { data: cached.token };
      request ??= renew();
      return request;
    },
    clear: () => {
      generation++;
      cached = undefined;
      request = undefined;
    },
  };
}

/** The lifetime of a token in milliseconds, from iat to exp; 0 when it has no such claims. */
export function tokenLifetime(token: string): number {
  const { exp, iat } = decodeClaims(token);
  return typeof exp === 'number' && typeof iat === 'number' ? Math.max(0, exp - iat) * 1000 : 0;
}

/** The subject of a token; empty when it has none. */
export function tokenSubject(token: string): string {
  const { sub } = decodeClaims(token);
  return typeof sub === 'string' ? sub : '';
}

interface Claims {
  readonly exp?: unknown;
  readonly iat?: unknown;
  readonly sub?: unknown;
}

// Decodes the claims without verifying the signature; the API verifies it.
function decodeClaims(token: string): Claims {
  try {
    const payload = token.split('.')[1] ?? '';
    const read: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
    return typeof read === 'object' && read !== null ? read : {};
  } catch {
    return {};
  }
}
