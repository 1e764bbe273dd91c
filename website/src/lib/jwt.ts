import type { Outcome } from './failure';

/** A JWT from memory while it is young, from the server when it is not. */
export interface TokenStore {
  /** The token to send, or why there is none. Calls at the same time share one request. */
  readonly get: () => Promise<Outcome<string>>;
  /** Forgets the token: it was refused, or the person is another one. */
  readonly clear: () => void;
}

// After so much of its life a token is renewed, so that none dies on its way.
const share = 0.8;

/**
 * Keeps a JWT in memory, never in storage. Its life is measured on a clock that cannot be set (`now` in milliseconds),
 * from when it was asked for, so a device whose date is wrong renews no more often than others. `fetchToken` never rejects.
 */
export function tokenStore(fetchToken: () => Promise<Outcome<string>>, now = () => performance.now()): TokenStore {
  let kept: { readonly token: string; readonly until: number } | undefined;
  let flight: Promise<Outcome<string>> | undefined;
  // Counts the people: what was asked for one is not kept for the next.
  let person = 0;
  const renew = async (): Promise<Outcome<string>> => {
    const mine = person;
    const asked = now();
    const outcome = await fetchToken();
    if (mine !== person) return outcome;
    flight = undefined;
    if (outcome.data !== undefined) kept = { token: outcome.data, until: asked + life(outcome.data) * share };
    return outcome;
  };
  return {
    get: async () => {
      if (kept && now() < kept.until) return { data: kept.token };
      flight ??= renew();
      return flight;
    },
    clear: () => {
      person++;
      kept = undefined;
      flight = undefined;
    },
  };
}

/** How long a token lives from its making, in milliseconds; 0 when it does not say. */
export function life(token: string): number {
  const { exp, iat } = claims(token);
  return typeof exp === 'number' && typeof iat === 'number' ? Math.max(0, exp - iat) * 1000 : 0;
}

/** Whom a token is about; empty when it does not say. */
export function subject(token: string): string {
  const { sub } = claims(token);
  return typeof sub === 'string' ? sub : '';
}

interface Claims {
  readonly exp?: unknown;
  readonly iat?: unknown;
  readonly sub?: unknown;
}

// Read, not checked: whoever serves the API does that.
function claims(token: string): Claims {
  try {
    const payload = token.split('.')[1] ?? '';
    const read: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
    return typeof read === 'object' && read !== null ? read : {};
  } catch {
    return {};
  }
}
