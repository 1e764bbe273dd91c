import type { Provider } from './providers';

/** The providerId of an account with a password. */
export const passwordProvider = 'credential';

/** The fields of an account that decide how a user can sign in. */
export interface LinkedAccount {
  readonly id: string;
  readonly providerId: string;
  readonly createdAt: Date;
}

/** One way in which a user can sign in: with a linked account, or with a provider that can be linked. */
export interface SignInMethod {
  /** The id of the provider; {@link passwordProvider} for a password. */
  readonly providerId: string;
  /** The name of the provider; its id when the server is not configured for it. Undefined for a password. */
  readonly name?: string;
  /** Undefined when no account is linked. */
  readonly account?: LinkedAccount;
  /** Whether the user can sign in with it, or link it. False when the server is not configured for the provider. */
  readonly isOffered: boolean;
  /** Whether the account can be unlinked: another usable account has to remain, and passwords are never unlinked. */
  readonly isRemovable: boolean;
}

/** The user's accounts, and then the providers that can still be linked. */
export function signInMethods(accounts: readonly LinkedAccount[], providers: readonly Provider[]): SignInMethod[] {
  const providerOf = (id: string) => providers.find((provider) => provider.id === id);
  const isUsable = ({ providerId }: LinkedAccount) => providerId === passwordProvider || !!providerOf(providerId);
  const used = accounts.map((account): SignInMethod => {
    const { providerId } = account;
    const isPassword = providerId === passwordProvider;
    return {
      providerId,
      ...(!isPassword && { name: providerOf(providerId)?.name ?? providerId }),
      account,
      isOffered: isUsable(account),
      isRemovable: !isPassword && accounts.some((other) => other.id !== account.id && isUsable(other)),
    };
  });
  const others = providers.filter(({ id }) => !accounts.some(({ providerId }) => providerId === id));
  return [
    ...used.toSorted((a, b) => Number(a.name !== undefined) - Number(b.name !== undefined)),
    ...others.map(({ id, name }) => ({ providerId: id, name, isOffered: true, isRemovable: false })),
  ];
}
