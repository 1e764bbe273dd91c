import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Failure, Outcome } from '../lib/failure';
import { subject } from '../lib/jwt';
import { type Answers, type Caller, readProfile } from '../lib/profile';
import { type Draft, draftOf, rebase, type Sent, send, typedSince } from '../lib/profileDraft';
import { useAuth } from './AuthContext';
import { keepDraft, keptDraft } from './drafts';

/** A person's profile, while it is read and while it is edited. */
export interface ProfileEditor {
  /** None while it is read, and when it could not be. */
  readonly draft: Draft | undefined;
  /** Why it could not be read. */
  readonly failure: Failure | undefined;
  /** Reads it again. */
  readonly load: () => void;
  readonly set: <F extends keyof Answers>(field: F, answer: Answers[F]) => void;
  /** Back to what was saved last. */
  readonly reset: () => void;
  readonly save: () => Promise<Outcome<Sent>>;
}

/** Reads the profile of the person who is signed in and keeps what they type, also while they have to sign in again. */
export function useProfile(userId: string): ProfileEditor {
  const caller = useCaller(userId);
  const [draft, setDraft] = useState<Draft>();
  const [failure, setFailure] = useState<Failure>();
  const [round, setRound] = useState(0);
  const latest = useRef<Draft>(undefined);
  const update = useCallback(
    (next: Draft) => {
      latest.current = next;
      keepDraft(userId, next);
      setDraft(next);
    },
    [userId],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round reads once more
  useEffect(() => {
    let left = false;
    setFailure(undefined);
    readProfile(caller).then((read) => {
      if (left) return;
      if (read.failure && read.failure.code !== 'PROFILE_NOT_FOUND') return setFailure(read.failure);
      const kept = keptDraft(userId);
      update(kept ? rebase(kept, read.data) : draftOf(read.data));
    });
    return () => {
      left = true;
    };
  }, [caller, userId, update, round]);

  return {
    draft,
    failure,
    load: () => setRound(round + 1),
    set: (field, answer) => {
      if (latest.current) update({ ...latest.current, answers: { ...latest.current.answers, [field]: answer } });
    },
    reset: () => {
      if (latest.current) update(draftOf(latest.current.base));
    },
    save: async () => {
      const sent = latest.current ?? draftOf(undefined);
      const outcome = await send(caller, sent);
      if (outcome.data) update(typedSince(sent, latest.current ?? sent, outcome.data.draft));
      return outcome;
    },
  };
}

/**
 * Calls the profile API for one person and nobody else. Another tab can have signed in somebody else, whose cookie then
 * fetches the token: that one is not used, and the page says that its person is signed out.
 */
function useCaller(userId: string): Caller {
  const { getToken, clearToken } = useAuth();
  return useMemo(() => {
    const theirs = async () => {
      const token = await getToken();
      if (token.failure || subject(token.data) === userId) return token;
      clearToken();
      return undefined;
    };
    // The first can be left over in memory from the person before.
    const get = async () => (await theirs()) ?? (await theirs()) ?? { failure: signedOut };
    return { getToken: get, clearToken };
  }, [userId, getToken, clearToken]);
}

const signedOut: Failure = { code: 'UNAUTHORIZED', status: 401 };
