import { describe, expect, it } from 'vitest';
import { type LinkedAccount, signInMethods } from './signInMethods';

const createdAt = new Date(0);
const account = (providerId: string, id = providerId): LinkedAccount => ({ id, providerId, createdAt });
const google = { id: 'google', name: 'Google' };
const github = { id: 'github', name: 'GitHub' };

/** The methods as lines such as `Google linked removable`. */
const methodLines = (...of: Parameters<typeof signInMethods>) =>
  signInMethods(...of).map(({ name, account, isOffered, isRemovable }) =>
    [name ?? 'password', account && 'linked', !isOffered && 'not offered', isRemovable && 'removable']
      .filter(Boolean)
      .join(' '),
  );

describe('signInMethods', () => {
  it('lists the password, then linked providers, then those that can be linked', () => {
    expect(methodLines([account('github'), account('credential')], [google, github])).toEqual([
      'password linked',
      'GitHub linked removable',
      'Google',
    ]);
  });

  it('does not allow to remove the last account', () => {
    expect(methodLines([account('google')], [google, github])).toEqual(['Google linked', 'GitHub']);
    expect(methodLines([account('google'), account('github')], [google, github])).toEqual([
      'Google linked removable',
      'GitHub linked removable',
    ]);
  });

  it('does not count a provider that is no longer configured as another way to sign in', () => {
    expect(methodLines([account('google'), account('keycloak')], [google])).toEqual([
      'Google linked',
      'keycloak linked not offered removable',
    ]);
  });

  it('lists two accounts of one provider', () => {
    expect(methodLines([account('google', '1'), account('google', '2')], [google])).toEqual([
      'Google linked removable',
      'Google linked removable',
    ]);
  });
});
