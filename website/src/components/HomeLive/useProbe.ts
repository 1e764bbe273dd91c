import { useCallback, useEffect, useState } from 'react';

/** The response of one path of the API. */
export type Probe =
  | { readonly state: 'asking' }
  | { readonly state: 'answered'; readonly status: number; readonly ms: number; readonly body: unknown }
  | { readonly state: 'away' };

/** Requests a path of this origin after the first render, and again at `ask`. The time includes the network. */
export function useProbe(path: string): { readonly probe: Probe; readonly ask: () => void } {
  const [probe, setProbe] = useState<Probe>({ state: 'asking' });
  const ask = useCallback(() => {
    setProbe({ state: 'asking' });
    void measure(path).then(setProbe);
  }, [path]);
  useEffect(ask, [ask]);
  return { probe, ask };
}

async function measure(path: string): Promise<Probe> {
  const began = performance.now();
  try {
    const answer = await fetch(path, { headers: { Accept: 'application/json' } });
    const body: unknown = await answer.json();
    return { state: 'answered', status: answer.status, ms: Math.max(1, Math.round(performance.now() - began)), body };
  } catch {
    return { state: 'away' }; // no network, or a server without the API
  }
}
