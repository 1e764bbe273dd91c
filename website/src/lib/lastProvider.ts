const key = 'xenon.last-provider';

/** The id of the provider that was last used to sign in on this device; undefined when there is none. */
export function lastProvider(): string | undefined {
  return withStorage((storage) => storage.getItem(key) ?? undefined);
}

/** Keeps the id of the provider that is used to sign in on this device. */
export function keepProvider(id: string): void {
  withStorage((storage) => storage.setItem(key, id));
}

/** Forgets the provider: the sign-in failed, or the person signed in with a password. */
export function forgetProvider(): void {
  withStorage((storage) => storage.removeItem(key));
}

// A browser can block the storage, or it can be full. Then there is no hint.
function withStorage<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(window.localStorage);
  } catch (error) {
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}
