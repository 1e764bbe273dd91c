import ExecutionEnvironment from '@docusaurus/ExecutionEnvironment';
import { startSession } from './sessionStore';
import { signInWithStoredSession } from './supabaseSession';

// In place of start.ts on a site with the option `supabase`.
if (ExecutionEnvironment.canUseDOM) startSession(signInWithStoredSession());
