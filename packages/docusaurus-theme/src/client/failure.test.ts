import { describe, expect, it } from 'vitest';
import { callClient, failureOf, offlineFailure } from './failure';
import { NetworkError } from './network';

const headers = (of: Record<string, string>) => new Headers(of);

describe('failureOf', () => {
  it.each([
    [401, 'INVALID_EMAIL_OR_PASSWORD', {}, { code: 'INVALID_EMAIL_OR_PASSWORD', status: 401 }],
    [429, undefined, { 'X-Retry-After': '7' }, { code: 'TOO_MANY_REQUESTS', status: 429, retryAfter: 7 }],
    [429, undefined, { 'Retry-After': '30' }, { code: 'TOO_MANY_REQUESTS', status: 429, retryAfter: 30 }],
    [
      429,
      undefined,
      { 'X-Retry-After': '7', 'Retry-After': '30' },
      { code: 'TOO_MANY_REQUESTS', status: 429, retryAfter: 7 },
    ],
    [429, undefined, { 'X-Retry-After': '-1' }, { code: 'TOO_MANY_REQUESTS', status: 429 }],
    [429, undefined, { 'Retry-After': 'Fri, 31 Dec 1999 23:59:59 GMT' }, { code: 'TOO_MANY_REQUESTS', status: 429 }],
    [503, 'SERVICE_UNAVAILABLE', { 'Retry-After': '1' }, { code: 'SERVICE_UNAVAILABLE', status: 503, retryAfter: 1 }],
    [503, undefined, {}, { code: 'SERVICE_UNAVAILABLE', status: 503 }],
    [502, undefined, {}, { code: 'SERVICE_UNAVAILABLE', status: 502 }],
    [504, undefined, {}, { code: 'SERVICE_UNAVAILABLE', status: 504 }],
    [500, undefined, { 'X-Request-Id': 'r-1' }, { code: 'UNKNOWN', status: 500, reference: 'r-1' }],
    [400, '', {}, { code: 'UNKNOWN', status: 400 }],
  ] as const)('reads %i %s %j', (status, code, of, want) => {
    expect(failureOf(status, code, headers(of))).toEqual(want);
  });

  it('works without headers', () => {
    expect(failureOf(404, 'PROFILE_NOT_FOUND')).toEqual({ code: 'PROFILE_NOT_FOUND', status: 404 });
  });
});

describe('callClient', () => {
  it('returns the data', async () => {
    expect(await callClient(async () => ({ data: { status: true }, error: null }))).toEqual({ data: { status: true } });
  });

  it('returns the failure, with the values from the headers', async () => {
    const outcome = await callClient(async ({ onError }) => {
      onError({ response: { headers: headers({ 'X-Retry-After': '9', 'X-Request-Id': 'r-2' }) } });
      return { data: null, error: { status: 429 } };
    });
    expect(outcome).toEqual({ failure: { code: 'TOO_MANY_REQUESTS', status: 429, retryAfter: 9, reference: 'r-2' } });
  });

  it('is offline when there is no response', async () => {
    const lost = async (): Promise<never> => {
      throw new NetworkError('no response');
    };
    expect(await callClient(lost)).toEqual({ failure: offlineFailure });
  });

  it('passes an error of the code on', async () => {
    const fault = new TypeError('x is undefined');
    await expect(callClient(() => Promise.reject(fault))).rejects.toBe(fault);
  });
});
