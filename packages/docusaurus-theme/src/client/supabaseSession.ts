import { type SupabaseSignIn, signInWithSupabase } from '../supabase/signInWithSupabase';
import { storeSessionToken } from './bearer';
import { nextPath } from './next';
import { isWithin, paths, site } from './site';
import { readSecondFactorMethods, secondFactorPath } from './twoFactor';

// Mails open these pages, and the last one already belongs to a sign-in. They do not start another one.
const excludedPages = [
  paths.magicLink,
  paths.resetPassword,
  paths.verifyEmail,
  paths.cancelEmailChange,
  paths.twoFactor,
];

/** Option `supabase`: signs in with the session that a Supabase client has stored in this browser. */
export async function signInWithStoredSession(): Promise<void> {
  const { pathname } = window.location;
  if (!site.supabase || excludedPages.some((page) => isWithin(pathname, page))) return;
  const result = await signInWithSupabase(site.supabase, site.apiOrigin);
  if (site.apiMode === 'bearer' && result.sessionToken) storeSessionToken(result.sessionToken);
  if (site.twoFactor) openSecondFactor(result);
}

function openSecondFactor({ status, answer }: SupabaseSignIn): void {
  const methods = readSecondFactorMethods(answer);
  if (status === 'second-factor' && methods) window.location.assign(secondFactorPath(methods, currentPage()));
}

/** The page to open after the second factor. */
function currentPage(): string {
  const { pathname, search, hash } = window.location;
  return isWithin(pathname, paths.login) ? nextPath(search) : pathname + search + hash;
}
