import { type SupabaseSignIn, signInWithSupabase } from './signInWithSupabase';

declare global {
  interface Window {
    /** The result of the script, for the other scripts of the page. */
    xenonSupabase: Promise<SupabaseSignIn>;
  }
}

// The script for sites without a bundler. The attributes of its element are the options. The build puts it into one
// file without exports, lib/supabase-sessions.min.js.
const { ref, storageKey, apiOrigin, secondFactorPage } = document.currentScript?.dataset ?? {};

window.xenonSupabase = signInWithSupabase({ ref, storageKey }, apiOrigin).then((result) => {
  if (result.status === 'second-factor' && secondFactorPage) location.assign(secondFactorPage);
  return result;
});
