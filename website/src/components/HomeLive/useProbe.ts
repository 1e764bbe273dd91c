import { useCallback, useEffect, useState } from 'react';

/** The state of a request to the API, and its response. */
export type Probe =
  | { readonly state: 'waiting' }
  | { readonly state: 'answered'; readonly status: number; readonly ms: number; readonly body: unknown }
  | { readonly state: 'unreachable' };

/**
 * Requests a path of this origin after the first render, and again when `send` is called. `ms` includes the time on the
 * network.
 */
export function useProbe(path: string): { readonly probe: Probe; readonly send: () => void } {
  const [probe, setProbe] = useState<Probe>({ state: 'waiting' });
  const send = useCallback(() => {
    setProbe({ state: 'waiting' });
    void probePath(path).then(setProbe);
  }, [path]);
  useEffect(send, [send]);
  return { probe, send };
}

async function probePath(path: string): Promise<Probe> {
  const began = performance.now();
  try {
    const answer = await fetch(path, { headers: { Accept: 'application/json' } });
    const body: unknown = await answer.json();
    return { state: 'answered', status: answer.status, ms: Math.max(1, Math.round(performance.now() - began)), body };
  } catch {
    return { state: 'unreachable' }; // no network, or a server without the API
  }
}
