const lastProviderKey = 'xenon.last-provider';

/** The id of the provider that was last used to sign in on this device; undefined when there is none. */
export function lastProvider(): string | undefined {
  return withStorage((storage) => storage.getItem(lastProviderKey) ?? undefined);
}

/** Stores the id of the provider with which the person signs in on this device. */
export function keepProvider(id: string): void {
  withStorage((storage) => storage.setItem(lastProviderKey, id));
}

/** Removes the stored provider, because the sign-in failed or the person signed in with a password. */
export function forgetProvider(): void {
  withStorage((storage) => storage.removeItem(lastProviderKey));
}

// Returns undefined if the browser blocks the storage, or if it is full.
function withStorage<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(window.localStorage);
  } catch (error) {
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}
