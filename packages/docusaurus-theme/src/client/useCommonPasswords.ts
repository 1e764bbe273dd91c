import { useEffect, useState } from 'react';
import { loadChunk, NetworkError } from './network';

/**
 * The most common passwords. They are 15 kB, so they are loaded when `isNeeded` is true for the first time. Undefined
 * until then, and without a network.
 */
export function useCommonPasswords(isNeeded: boolean): readonly string[] | undefined {
  const [common, setCommon] = useState<readonly string[]>();
  useEffect(() => {
    if (!isNeeded || common) return;
    let isGone = false;
    loadChunk(() => import('./commonPasswords')).then(
      ({ commonPasswords }) => {
        if (!isGone) setCommon(commonPasswords);
      },
      (error: unknown) => {
        if (!(error instanceof NetworkError)) reportError(error);
      },
    );
    return () => {
      isGone = true;
    };
  }, [isNeeded, common]);
  return common;
}
