import { type BrowserContext, expect } from '@playwright/test';
import { codeOf } from './authenticator';
import { type Person, register } from './test';

/** The second factor of a person. */
export interface App {
  readonly secret: string;
  readonly backupCodes: readonly string[];
}

/**
 * Registers a person and turns two-step verification on through the API, as another device would. It uses the code of
 * the current 30 seconds, so nextCodeOf is the next code that works. The context is signed out afterwards.
 */
export async function registerWithApp(context: BrowserContext, person: Person, origin: string): Promise<App> {
  await register(context, person, origin);
  const post = async (path: string, data: object) => {
    const answer = await context.request.post(`${origin}/api/auth/two-factor/${path}`, { data, headers: { origin } });
    expect(answer.status(), await answer.text()).toBe(200);
    return (await answer.json()) as { totpURI: string; backupCodes: string[] };
  };
  const { totpURI, backupCodes } = await post('enable', { password: person.password });
  const secret = new URL(totpURI).searchParams.get('secret') ?? '';
  await post('verify-totp', { code: codeOf(secret) });
  await context.clearCookies();
  return { secret, backupCodes };
}
