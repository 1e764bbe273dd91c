import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type Answers,
  answersOf,
  changedAnswers,
  createProfile,
  mergeAnswers,
  profileChoices,
  readProfile,
  updateProfile,
} from './profile';

const answers: fc.Arbitrary<Answers> = fc.record({
  age_range: fc.constantFrom(null, ...profileChoices.age_range),
  education_level: fc.constantFrom(null, ...profileChoices.education_level),
  tech_background: fc.constantFrom(null, ...profileChoices.tech_background),
  primary_goal: fc.constantFrom(null, ...profileChoices.primary_goal),
  learning_mode: fc.constantFrom(null, ...profileChoices.learning_mode),
  learning_speed: fc.constantFrom(null, ...profileChoices.learning_speed),
  time_per_week: fc.constantFrom(null, 0, 5, 10),
  preferred_language: fc.constantFrom('en', 'de', 'ur'),
});

describe('changedAnswers', () => {
  it('has exactly the fields that differ', () => {
    fc.assert(
      fc.property(answers, answers, (from, to) => {
        const difference = changedAnswers(from, to);
        expect({ ...from, ...difference }).toEqual(to);
        for (const [field, value] of Object.entries(difference)) expect(from[field as keyof Answers]).not.toBe(value);
      }),
    );
  });
});

describe('mergeAnswers', () => {
  it('keeps my changes, and takes theirs', () => {
    const base = { ...answersOf(), time_per_week: 5 };
    const mine: Answers = { ...base, primary_goal: 'academic', time_per_week: 6 };
    const theirs: Answers = { ...base, learning_mode: 'visual', time_per_week: 7 };
    expect(mergeAnswers(base, mine, theirs)).toEqual({
      answers: { ...base, primary_goal: 'academic', learning_mode: 'visual', time_per_week: 6 },
      both: ['time_per_week'],
    });
  });

  it('reports every change that it does not keep', () => {
    fc.assert(
      fc.property(answers, answers, answers, (base, mine, theirs) => {
        const { answers: got, both } = mergeAnswers(base, mine, theirs);
        for (const field of Object.keys(base) as Array<keyof Answers>) {
          if (mine[field] !== base[field]) expect(got[field]).toBe(mine[field]);
          else expect(got[field]).toBe(theirs[field]);
          const lost = theirs[field] !== base[field] && got[field] !== theirs[field];
          expect(both.includes(field)).toBe(lost);
        }
      }),
    );
  });

  it('takes the only change', () => {
    fc.assert(
      fc.property(answers, answers, (base, other) => {
        expect(mergeAnswers(base, other, base)).toEqual({ answers: other, both: [] });
        expect(mergeAnswers(base, base, other)).toEqual({ answers: other, both: [] });
      }),
    );
  });
});

describe('the API', () => {
  afterEach(() => vi.unstubAllGlobals());

  /** A server that returns these responses one after the other, and a caller that numbers its tokens. */
  function server(...responses: Array<Response | Error>) {
    const fetch = vi.fn(async (_url: string, _init?: RequestInit) => {
      const next = responses.shift();
      if (!next || next instanceof Error) throw next ?? new Error('one request too many');
      return next;
    });
    vi.stubGlobal('fetch', fetch);
    let tokens = 0;
    const clearToken = vi.fn();
    return { fetch, caller: { getToken: async () => ({ data: `token-${++tokens}` }), clearToken } };
  }
  const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });

  const profile = { id: 'p', user_id: 'u1', created_at: '', updated_at: '', ...answersOf() };

  it('rejects a response that is not a profile, such as an HTML page with status 200', async () => {
    const { caller } = server(new Response('<!doctype html><title>Site</title>'), json(200, {}), json(200, null));
    for (let i = 0; i < 3; i++)
      expect(await readProfile(caller)).toEqual({ failure: { code: 'UNKNOWN', status: 200 } });
  });

  it('reads an unknown choice as no answer', async () => {
    const { caller } = server(json(200, { ...profile, learning_mode: 'telepathy', time_per_week: '5' }));
    expect((await readProfile(caller)).data?.profile).toEqual(profile);
  });

  it('does not take an error of the code for a network failure', async () => {
    const { caller } = server();
    const fault = new TypeError('x is undefined');
    await expect(readProfile({ ...caller, getToken: () => Promise.reject(fault) })).rejects.toBe(fault);
  });

  it('reads a profile with its version', async () => {
    const { fetch, caller } = server(json(200, profile, { etag: '"1"' }));
    expect(await readProfile(caller)).toEqual({ data: { profile, etag: '"1"' } });
    expect(fetch.mock.calls[0]?.[1]?.headers).toEqual({ authorization: 'Bearer token-1' });
  });

  it('sends the version it read as If-Match', async () => {
    const { fetch, caller } = server(json(412, { error_code: 'PROFILE_CHANGED' }));
    const { failure } = await updateProfile(caller, { time_per_week: 3 }, '"1"');
    expect(failure).toEqual({ code: 'PROFILE_CHANGED', status: 412 });
    expect(fetch.mock.calls[0]?.[1]).toMatchObject({
      method: 'PUT',
      body: '{"time_per_week":3}',
      headers: { 'if-match': '"1"' },
    });
  });

  it('fetches a new token once after INVALID_TOKEN', async () => {
    const { fetch, caller } = server(json(401, { error_code: 'INVALID_TOKEN' }), json(201, profile, { etag: '"1"' }));
    expect((await createProfile(caller, {})).data?.etag).toBe('"1"');
    expect(caller.clearToken).toHaveBeenCalledTimes(1);
    expect(fetch.mock.calls[1]?.[1]?.headers).toMatchObject({ authorization: 'Bearer token-2' });
  });

  it('gives up after the second INVALID_TOKEN', async () => {
    const { fetch, caller } = server(
      json(401, { error_code: 'INVALID_TOKEN' }),
      json(401, { error_code: 'INVALID_TOKEN' }),
    );
    expect((await readProfile(caller)).failure?.code).toBe('INVALID_TOKEN');
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('returns OFFLINE without a response, and SERVICE_UNAVAILABLE for a 502 in HTML', async () => {
    const { caller } = server(new TypeError('Failed to fetch'), new Response('<html>', { status: 502 }));
    expect((await readProfile(caller)).failure?.code).toBe('OFFLINE');
    expect((await readProfile(caller)).failure?.code).toBe('SERVICE_UNAVAILABLE');
  });

  it('sends no request without a token', async () => {
    const { fetch, caller } = server();
    const failure = { code: 'UNAUTHORIZED', status: 401 };
    expect(await readProfile({ ...caller, getToken: async () => ({ failure }) })).toEqual({ failure });
    expect(fetch).not.toHaveBeenCalled();
  });
});
