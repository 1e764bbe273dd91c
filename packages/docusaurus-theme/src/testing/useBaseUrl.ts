/** A test double of Docusaurus' hook, for the base URL of a site under /learn/. */
export function useBaseUrlUtils(): { readonly withBaseUrl: (url: string) => string } {
  return { withBaseUrl: (url) => `/learn/${url.replace(/^\//, '')}` };
}
