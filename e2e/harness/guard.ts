import type { BrowserContext, ConsoleMessage, Request } from '@playwright/test';

/** Collects problems that a person does not see: console errors, uncaught errors, error responses, failed requests. */
export interface ProblemGuard {
  /** Watches all current and future pages of a context. */
  readonly watch: (context: BrowserContext) => void;
  /** Declares an error status of a response, or a failed request ('failed'). It must happen and is then no problem. */
  readonly allow: (what: number | 'failed', path: string) => void;
  /** Returns and clears the problems: those that were not declared, and declarations that did not happen. */
  readonly take: () => string[];
}

/** A declared problem, and whether it has happened. */
interface Allowance {
  readonly what: number | 'failed';
  readonly path: string;
  happened: boolean;
}

export function newProblemGuard(): ProblemGuard {
  let problems: string[] = [];
  let allowances: Allowance[] = [];
  /** Whether a problem was declared. If so, it is marked as happened. */
  const markIfAllowed = (what: number | 'failed', request: Request) => {
    const path = new URL(request.url()).pathname;
    const found = allowances.filter((one) => one.what === what && one.path === path);
    for (const one of found) one.happened = true;
    return found.length > 0;
  };
  return {
    watch(context) {
      context.on('console', (message) => {
        if (isProblem(message))
          problems.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
      });
      context.on('weberror', (error) => problems.push(`uncaught: ${error.error().stack ?? error.error()}`));
      context.on('response', (response) => {
        const request = response.request();
        if (response.status() >= 400 && !markIfAllowed(response.status(), request)) {
          problems.push(`${response.status()} ${request.method()} ${response.url()}`);
        }
      });
      context.on('requestfailed', (request) => {
        const reason = request.failure()?.errorText ?? '';
        if (reason === 'net::ERR_ABORTED') return; // the test has navigated away
        if (!markIfAllowed('failed', request)) problems.push(`${reason} ${request.method()} ${request.url()}`);
      });
    },
    allow(what, path) {
      allowances.push({ what, path, happened: false });
    },
    take() {
      const declaredButMissing = allowances
        .filter((one) => !one.happened)
        .map((one) => `declared, but did not happen: ${one.what} ${one.path}`);
      const found = [...problems, ...declaredButMissing];
      problems = [];
      allowances = [];
      return found;
    },
  };
}

// Every error and every warning is a problem: also a violation of the Content-Security-Policy, and a hydration error
// (React's 418, 423, 425). There are two exceptions. The handler of failed requests reports "Failed to load resource",
// because it knows the URL. The warning about a preloaded font is ignored: on a busy machine the font arrives too late
// to be used (`font-display: optional` in website/src/css/custom.css).
function isProblem(message: ConsoleMessage): boolean {
  const text = message.text();
  if (message.type() === 'error') return !text.startsWith('Failed to load resource:');
  return message.type() === 'warning' && !/\.woff2 was preloaded using link preload but not used/.test(text);
}
