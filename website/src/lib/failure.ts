/** Why a call did not do what it was asked: what the server said, or that it said nothing. */
export interface Failure {
  /** The server's code, or one of `OFFLINE` (nothing came back) and `UNKNOWN` (an answer without a code). */
  readonly code: string;
  /** The HTTP status; 0 when nothing came back. */
  readonly status: number;
  /** Seconds until another try makes sense, when the server named them. */
  readonly retryAfter?: number;
  /** The request's id, for a person to quote. */
  readonly reference?: string;
}

/** What a call came to: its data, or why there is none. */
export type Outcome<T> =
  | { readonly data: T; readonly failure?: undefined }
  | { readonly data?: undefined; readonly failure: Failure };

interface Headers {
  get(name: string): string | null;
}

/** Reads a failure off an answer. The library names the wait in X-Retry-After, HTTP in Retry-After. */
export function failureOf(status: number, code: string | undefined, headers?: Headers): Failure {
  const wait = Number.parseInt(headers?.get('X-Retry-After') ?? headers?.get('Retry-After') ?? '', 10);
  const reference = headers?.get('X-Request-Id') ?? undefined;
  return {
    code:
      code ||
      (status === 429 ? 'TOO_MANY_REQUESTS' : [502, 503, 504].includes(status) ? 'SERVICE_UNAVAILABLE' : 'UNKNOWN'),
    status,
    ...(Number.isFinite(wait) && wait >= 0 && { retryAfter: wait }),
    ...(reference && { reference }),
  };
}

/** Nothing came back: the network is away, or the request was blocked on its way. */
export const offline: Failure = { code: 'OFFLINE', status: 0 };

/** What the stock client says of an answer that is no success. */
interface ClientError {
  readonly status: number;
  readonly code?: string | undefined;
}

/** What a call of the stock client comes to. */
export interface ClientAnswer<T> {
  readonly data: T | null;
  readonly error: ClientError | null;
}

/** The `fetchOptions` of a call of the stock client. */
export interface ClientOptions {
  onError: (context: { readonly response: { readonly headers: Headers } }) => void;
}

/**
 * Calls the stock client and says what it came to; never throws. The client keeps an error's headers to itself, so they
 * are caught on the way: `attempt((fetchOptions) => client.signIn.email({ email, password, fetchOptions }))`.
 */
export async function attempt<T>(
  call: (fetchOptions: ClientOptions) => Promise<ClientAnswer<T>>,
): Promise<Outcome<T | null>> {
  let headers: Headers | undefined;
  try {
    const { data, error } = await call({
      onError: (context) => {
        headers = context.response.headers;
      },
    });
    return error ? { failure: failureOf(error.status, error.code, headers) } : { data };
  } catch {
    return { failure: offline };
  }
}
