import { bearerOptions } from './bearer';
import { fetchOrNetworkError } from './network';
import { site } from './site';

/** The options of every stock client. */
export const clientOptions = {
  ...(site.apiOrigin && { baseURL: site.apiOrigin }),
  fetchOptions: {
    customFetchImpl: fetchOrNetworkError,
    ...(site.apiMode === 'bearer' && bearerOptions),
  },
};
