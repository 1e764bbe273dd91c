/** What pages and components of a site can use. */
export type { Failure, Outcome } from './failure';
export { describeProviderError, type ProviderError } from './providerErrors';
export {
  clearToken,
  currentSession,
  getToken,
  refreshSession,
  type SessionState,
  signOut,
  useSession,
} from './sessionStore';
export { paths } from './site';
export { type ProviderResult, useProviderResult } from './useProviderResult';
