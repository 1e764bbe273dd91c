import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Outcome } from './failure';
import { createTokenStore, tokenLifetime } from './jwt';

const encode = (value: unknown) =>
  btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
const makeJWT = (seconds: number, iat = 1_700_000_000, sub = 'ada') =>
  `${encode({ alg: 'RS256' })}.${encode({ sub, iat, exp: iat + seconds })}.c2ln`;

/** A store with a clock and a server that the test controls. */
function newStoreAt(answer: () => Outcome<string> | Promise<Outcome<string>>) {
  const clock = { ms: 0 };
  const fetchToken = vi.fn(async () => answer());
  return { clock, fetchToken, ...createTokenStore(fetchToken, () => clock.ms) };
}

/** A promise that the test resolves. */
function deferred<T>() {
  let answer: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    answer = resolve;
  });
  return { promise, resolve: answer };
}

describe('tokenStore', () => {
  it('keeps a token for 80 % of its lifetime', async () => {
    const { clock, fetchToken, get } = newStoreAt(() => ({ data: makeJWT(1000) }));
    await get();
    clock.ms = 799_999;
    expect(await get()).toEqual({ data: makeJWT(1000) });
    expect(fetchToken).toHaveBeenCalledTimes(1);
    clock.ms = 800_000;
    await get();
    expect(fetchToken).toHaveBeenCalledTimes(2);
  });

  it('measures the age from the request, not from the response', async () => {
    const answer = deferred<Outcome<string>>();
    const { clock, fetchToken, get } = newStoreAt(() => answer.promise);
    const first = get();
    clock.ms = 3000;
    answer.resolve({ data: makeJWT(10) });
    await first;
    clock.ms = 7999;
    await get();
    expect(fetchToken).toHaveBeenCalledTimes(1);
    clock.ms = 8000;
    await get();
    expect(fetchToken).toHaveBeenCalledTimes(2);
  });

  it('does not depend on the system date', async () => {
    for (const skew of [-600, 0, 600, 1e9]) {
      const { clock, fetchToken, get } = newStoreAt(() => ({ data: makeJWT(100, 1_700_000_000 + skew) }));
      await get();
      clock.ms = 79_000;
      await get();
      expect(fetchToken).toHaveBeenCalledTimes(1);
    }
  });

  it('sends one request for concurrent calls', async () => {
    const answer = deferred<Outcome<string>>();
    const { fetchToken, get } = newStoreAt(() => answer.promise);
    const all = [get(), get(), get()];
    answer.resolve({ data: makeJWT(60) });
    expect(await Promise.all(all)).toEqual([{ data: makeJWT(60) }, { data: makeJWT(60) }, { data: makeJWT(60) }]);
    expect(fetchToken).toHaveBeenCalledTimes(1);
  });

  it('does not keep a failure', async () => {
    const failure = { code: 'UNAUTHORIZED', status: 401 };
    const answers: Array<Outcome<string>> = [{ failure }, { data: makeJWT(60) }];
    const { get } = newStoreAt(() => answers.shift() ?? { failure });
    expect(await get()).toEqual({ failure });
    expect(await get()).toEqual({ data: makeJWT(60) });
  });

  it('fetches a new token after clear', async () => {
    const { fetchToken, get, clear } = newStoreAt(() => ({ data: makeJWT(60) }));
    await get();
    clear();
    await get();
    expect(fetchToken).toHaveBeenCalledTimes(2);
  });

  it('does not keep a token that was requested for the previous person', async () => {
    const answers = [deferred<Outcome<string>>(), deferred<Outcome<string>>()];
    const open = [...answers];
    const { fetchToken, get, clear } = newStoreAt(() => open.shift()?.promise ?? { data: makeJWT(60, 0, 'other') });
    const ada = get();
    clear();
    const eve = get();
    answers[1]?.resolve({ data: makeJWT(60, 0, 'eve') });
    expect(await eve).toEqual({ data: makeJWT(60, 0, 'eve') });
    answers[0]?.resolve({ data: makeJWT(60, 0, 'ada') });
    await ada;
    expect(await get()).toEqual({ data: makeJWT(60, 0, 'eve') });
    expect(fetchToken).toHaveBeenCalledTimes(2);
  });

  it('does not keep a token whose request was running at clear', async () => {
    const { fetchToken, get, clear } = newStoreAt(() => ({ data: makeJWT(60) }));
    const first = get();
    clear();
    await first;
    await get();
    expect(fetchToken).toHaveBeenCalledTimes(2);
  });
});

describe('tokenLifetime', () => {
  it('reads any characters', () => {
    expect(tokenLifetime(makeJWT(604_800, 1_700_000_000, 'ÿ?>ÿ?>'))).toBe(604_800_000);
  });

  it.each([
    '',
    'a',
    'a.b.c',
    '...',
    `a.${encode(null)}.c`,
    `a.${encode({ exp: 'soon', iat: 1 })}.c`,
    `a.${encode({ exp: 1 })}.c`,
    makeJWT(-5),
  ])('is 0 for %j', (token) => {
    expect(tokenLifetime(token)).toBe(0);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (token) => {
        expect(tokenLifetime(token)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
