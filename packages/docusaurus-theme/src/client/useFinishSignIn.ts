import { useHistory } from '@docusaurus/router';
import type { Failure } from './failure';
import { readSecondFactorMethods, secondFactorPath } from './twoFactor';
import { confirmSession } from './useRedirectIfSignedIn';

/**
 * Returns a function that finishes a sign-in, for the server's answer to it. If the server asks for a second factor, it
 * opens the page for that, which later opens `next`. Otherwise it fetches the session.
 */
export function useFinishSignIn(next: string): (answer: unknown) => Promise<Failure | undefined> {
  const history = useHistory();
  return async (answer) => {
    const methods = readSecondFactorMethods(answer);
    if (!methods) return confirmSession();
    history.push(secondFactorPath(methods, next));
    return undefined;
  };
}
