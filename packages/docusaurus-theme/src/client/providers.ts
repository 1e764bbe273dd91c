/** An identity provider with which people can sign in. */
export interface Provider {
  /** The id in the API and in URLs, such as `google`. */
  readonly id: string;
  /** The name that people know, such as `Google`. */
  readonly name: string;
}

/** Reads the answer of /api/auth/social-providers. Returns an empty list for anything else, such as an HTML page. */
export function parseProviders(answer: unknown): readonly Provider[] {
  return Array.isArray(answer) ? answer.filter(isProvider).map(({ id, name }) => ({ id, name })) : [];
}

function isProvider(entry: unknown): entry is Provider {
  if (typeof entry !== 'object' || entry === null || !('id' in entry) || !('name' in entry)) return false;
  return typeof entry.id === 'string' && entry.id !== '' && typeof entry.name === 'string' && entry.name !== '';
}
