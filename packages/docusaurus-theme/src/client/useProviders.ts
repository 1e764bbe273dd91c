import { failureOf, type Outcome, toFailure } from './failure';
import { fetchOrNetworkError } from './network';
import { type Provider, parseProviders } from './providers';
import { createResource } from './resource';
import { apiUrlOf, site } from './site';

const allProvidersKey = 'all';
const resource = createResource(loadProviders);

/** The providers that the server is configured for, in the order of the response. Undefined while they are loading. */
export function useProviders(): Outcome<readonly Provider[]> | undefined {
  return resource.useOutcome(allProvidersKey);
}

/** Loads the providers again, after a failure. */
export function reloadProviders(): Promise<Outcome<readonly Provider[]>> {
  return resource.reload(allProvidersKey);
}

/** The name of a provider; undefined when the server is not configured for it. */
export function providerName(
  providers: Outcome<readonly Provider[]> | undefined,
  id: string | null | undefined,
): string | undefined {
  return providers?.data?.find((provider) => provider.id === id)?.name;
}

// Uses fetch, because the chunk of the stock client is larger than the response. A site without an API, or with an API
// that has no social sign-in, answers 404 or an HTML page. Then there are no providers.
async function loadProviders(): Promise<Outcome<readonly Provider[]>> {
  if (site.methods.providers === false) return { data: [] };
  try {
    const response = await fetchOrNetworkError(apiUrlOf('/api/auth/social-providers'));
    if (response.status >= 500 || response.status === 429)
      return { failure: failureOf(response.status, undefined, response.headers) };
    const answer: unknown = response.ok ? JSON.parse(await response.text()) : undefined;
    return { data: parseProviders(answer).filter(({ id }) => isShown(id)) };
  } catch (error) {
    if (error instanceof SyntaxError) return { data: [] };
    return { failure: toFailure(error) };
  }
}

function isShown(id: string): boolean {
  const { providers } = site.methods;
  return typeof providers === 'boolean' ? providers : providers.includes(id);
}
