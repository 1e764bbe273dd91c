/** A response body on one line: a key set as a list of its keys, everything else as JSON. */
export function summary(body: unknown): string {
  if (!isKeySet(body)) return JSON.stringify(body);
  const keys = body.keys.map(({ alg, kid }) => `${alg} ${kid.slice(0, 8)}…`);
  return `${body.keys.length} × ${keys.join(', ')}`;
}

type KeySet = { readonly keys: readonly { readonly alg: string; readonly kid: string }[] };

function isKeySet(body: unknown): body is KeySet {
  if (typeof body !== 'object' || body === null || !('keys' in body) || !Array.isArray(body.keys)) return false;
  return body.keys.every(
    (key: Record<string, unknown>) => typeof key?.['alg'] === 'string' && typeof key?.['kid'] === 'string',
  );
}
