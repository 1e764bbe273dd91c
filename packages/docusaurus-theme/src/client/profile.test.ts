import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readDeclaration, shippedFile } from '../declaration/readDeclaration';
import type { ProfileField } from '../profileFields';
import {
  type Answer,
  type Answers,
  answersOf,
  changedAnswers,
  createProfile,
  mergeAnswers,
  readProfile,
  updateProfile,
} from './profile';

const fields = readDeclaration(shippedFile);

function answerTo(field: ProfileField): fc.Arbitrary<Answer> {
  if (field.type === 'choice') return fc.constantFrom(null, ...field.choices.map(({ value }) => value));
  return field.type === 'text' ? fc.constantFrom('en', 'de', 'ur') : fc.constantFrom(null, 0, 5, 10);
}
const answers: fc.Arbitrary<Answers> = fc.record(
  Object.fromEntries(fields.map((field) => [field.name, answerTo(field)])),
);

describe('changedAnswers', () => {
  it('has exactly the fields that differ', () => {
    fc.assert(
      fc.property(answers, answers, (from, to) => {
        const difference = changedAnswers(from, to);
        expect({ ...from, ...difference }).toEqual(to);
        for (const [field, value] of Object.entries(difference)) expect(from[field]).not.toBe(value);
      }),
    );
  });
});

describe('mergeAnswers', () => {
  it('keeps my changes, and takes theirs', () => {
    const base = { ...answersOf(fields), time_per_week: 5 };
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
        for (const field of Object.keys(base)) {
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

  const profile = { id: 'p', user_id: 'u1', created_at: '', updated_at: '', ...answersOf(fields) };

  it('rejects a response that is not a profile, such as an HTML page with status 200', async () => {
    const { caller } = server(new Response('<!doctype html><title>Site</title>'), json(200, {}), json(200, null));
    for (let i = 0; i < 3; i++)
      expect(await readProfile(caller)).toEqual({ failure: { code: 'UNKNOWN', status: 200 } });
  });

  it('keeps values and fields that the declaration does not have', async () => {
    const { caller } = server(json(200, { ...profile, learning_mode: 'telepathy', nickname: 'Ada', tags: ['a'] }));
    const { data } = await readProfile(caller);
    expect(data?.profile).toEqual({ ...profile, learning_mode: 'telepathy', nickname: 'Ada' });
    expect(answersOf(fields, data?.profile)).toEqual({ ...answersOf(fields), learning_mode: 'telepathy' });
  });

  it('reads a value that the input cannot show as no answer', async () => {
    const { caller } = server(json(200, { ...profile, time_per_week: '5' }));
    expect(answersOf(fields, (await readProfile(caller)).data?.profile)).toEqual(answersOf(fields));
  });

  it('returns what the API says about the fields', async () => {
    const { caller } = server(json(400, { error_code: 'VALIDATION_ERROR', detail: 'time_per_week: has to be …' }));
    const failure = { code: 'VALIDATION_ERROR', status: 400, detail: 'time_per_week: has to be …' };
    expect(await updateProfile(caller, { time_per_week: -1 }, '"1"')).toEqual({ failure });
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
