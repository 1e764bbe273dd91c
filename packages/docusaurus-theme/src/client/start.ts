import ExecutionEnvironment from '@docusaurus/ExecutionEnvironment';
import { startSession } from './sessionStore';

// Docusaurus runs this client module once on every page, and also while it renders the static HTML.
if (ExecutionEnvironment.canUseDOM) startSession();
