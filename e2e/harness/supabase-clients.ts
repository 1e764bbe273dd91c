// Runs in a page: the site as it was before the move. harness/supabase.ts bundles it with the packages of Supabase.
import { createBrowserClient } from '@supabase/ssr';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { createClient as createVersion1Client } from 'supabase-js-1';
import { codeOf } from './authenticator';

const apiKey = 'the public key of the project';

/** A form in which a package stores a session. */
export type StoredForm = 'supabase-js' | 'supabase-js-user-storage' | 'supabase-js-1' | 'ssr' | 'ssr-raw';

interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** Signs in at Supabase with a password. The package stores the session. */
export async function signIn(form: StoredForm, url: string, person: Credentials): Promise<void> {
  const { error } =
    form === 'supabase-js-1'
      ? await createVersion1Client(url, apiKey).auth.signIn(person)
      : await newClient(form, url).auth.signInWithPassword(person);
  if (error) throw new Error(error.message);
}

/**
 * Signs in and sets up an authenticator app, whose code proves the second factor of the stored session. Returns the
 * secret of the app. Version 1 of supabase-js has no second factors.
 */
export async function signInWithNewApp(
  form: Exclude<StoredForm, 'supabase-js-1'>,
  url: string,
  person: Credentials,
): Promise<string> {
  const { auth } = newClient(form, url);
  const { error } = await auth.signInWithPassword(person);
  if (error) throw new Error(error.message);
  const enrolled = await auth.mfa.enroll({ factorType: 'totp' });
  if (enrolled.error) throw new Error(enrolled.error.message);
  const { id: factorId, totp } = enrolled.data;
  const verified = await auth.mfa.challengeAndVerify({ factorId, code: codeOf(totp.secret) });
  if (verified.error) throw new Error(verified.error.message);
  return totp.secret;
}

/** Creates a client, as a page does that has not moved, and reports whether it finds a session. */
export async function hasSession(url: string): Promise<boolean> {
  const { data } = await createClient(url, apiKey).auth.getSession();
  return data.session !== null;
}

function newClient(form: Exclude<StoredForm, 'supabase-js-1'>, url: string): { readonly auth: SupabaseClient['auth'] } {
  switch (form) {
    case 'supabase-js':
      return createClient(url, apiKey);
    case 'supabase-js-user-storage':
      return createClient(url, apiKey, { auth: { userStorage: localStorage } });
    case 'ssr':
      return createBrowserClient(url, apiKey);
    case 'ssr-raw':
      return createBrowserClient(url, apiKey, { cookieEncoding: 'raw' });
  }
}
