import { NetworkError } from './network';

/** Why a call failed: with an error of the server, or without a response. */
export interface Failure {
  /**
   * The server's code. For a response without a code: `TOO_MANY_REQUESTS` or `SERVICE_UNAVAILABLE` by its status, else
   * `UNKNOWN`. `OFFLINE` without a response. Forms have some codes of their own, such as `COOKIES_BLOCKED`.
   */
  readonly code: string;
  /** The HTTP status; 0 if the failure does not come from a response. */
  readonly status: number;
  /** Seconds to wait before the next call, if the server sent them. */
  readonly retryAfter?: number;
  /** The request id, which a person can give to support. */
  readonly reference?: string;
  /** What the profile API says about the fields of a request. */
  readonly detail?: string;
}

/** The result of a call: its data, or why it failed. */
export type Outcome<T> =
  | { readonly data: T; readonly failure?: undefined }
  | { readonly data?: undefined; readonly failure: Failure };

/** The failure for an unexpected exception, which is a fault of the code. Its message is a general one. */
export const unexpectedFailure: Failure = { code: 'UNKNOWN', status: 0 };

interface Headers {
  get(name: string): string | null;
}

/** Reads a failure from a response. Better Auth sends the wait in X-Retry-After, other servers in Retry-After. */
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

/** There was no response: the network is down, or the request was blocked. */
export const offlineFailure: Failure = { code: 'OFFLINE', status: 0 };

/** The stock client's error. */
interface ClientError {
  readonly status: number;
  readonly code?: string | undefined;
}

/** The stock client's result of a call. */
export interface ClientAnswer<T> {
  readonly data: T | null;
  readonly error: ClientError | null;
}

/** The `fetchOptions` of a call of the stock client. */
export interface ClientOptions {
  onError: (context: { readonly response: { readonly headers: Headers } }) => void;
}

/**
 * Calls the stock client and returns the outcome. Throws only for faults of the code. The client's error has no
 * headers, so the `onError` option captures them:
 * `callClient((fetchOptions) => client.signIn.email({ email, password, fetchOptions }))`.
 */
export async function callClient<T>(
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
  } catch (error) {
    return { failure: toFailure(error) };
  }
}

/** The failure for a caught error. Throws the error again if it is not a NetworkError: then the code has a fault. */
export function toFailure(error: unknown): Failure {
  if (error instanceof NetworkError) return offlineFailure;
  throw error;
}
