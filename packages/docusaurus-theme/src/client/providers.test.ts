import { describe, expect, it } from 'vitest';
import { parseProviders } from './providers';

describe('parseProviders', () => {
  it('returns id and name of each provider, in order', () => {
    const answer = [
      { id: 'github', name: 'GitHub', future: 1 },
      { id: 'google', name: 'Google' },
    ];
    expect(parseProviders(answer)).toEqual([
      { id: 'github', name: 'GitHub' },
      { id: 'google', name: 'Google' },
    ]);
  });

  it.each([
    undefined,
    null,
    'text',
    {},
    [null],
    [{ id: 'google' }],
    [{ id: 1, name: 'Google' }],
    [{ id: '', name: '' }],
  ])('returns no providers for %j', (answer) => {
    expect(parseProviders(answer)).toEqual([]);
  });
});
