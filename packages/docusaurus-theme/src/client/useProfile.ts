import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { dropDraft, getKeptDraft, keepDraft } from './drafts';
import type { Failure, Outcome } from './failure';
import { tokenSubject } from './jwt';
import { type Answer, type Caller, readProfile } from './profile';
import {
  type Draft,
  draftOf,
  hasUnsavedChanges,
  keepTyped,
  rebaseDraft,
  type SaveResult,
  saveDraft,
} from './profileDraft';
import { clearToken, getToken } from './sessionStore';
import { useProfileData } from './useProfileData';

/** A person's profile while it is loaded and edited. */
export interface ProfileEditor {
  /** Undefined while the profile is loading, and when loading failed. */
  readonly draft: Draft | undefined;
  /** Why loading failed. */
  readonly failure: Failure | undefined;
  /** Loads the profile again. */
  readonly load: () => void;
  readonly set: (field: string, answer: Answer) => void;
  /** Resets the draft to the saved profile. */
  readonly reset: () => void;
  readonly save: () => Promise<Outcome<SaveResult>>;
}

/** Loads the profile of the person who is signed in, and keeps their input while they sign in again. */
export function useProfile(userId: string): ProfileEditor {
  const caller = useCaller(userId);
  const { fields } = useProfileData();
  // A draft belongs to one person: another person who signs in on the same page must not see it.
  const [edited, setEdited] = useState<{ readonly userId: string; readonly draft: Draft }>();
  const draft = edited?.userId === userId ? edited.draft : undefined;
  const [failure, setFailure] = useState<Failure>();
  const [round, setRound] = useState(0);
  const latestDraft = useRef<Draft>(undefined);
  const owner = useRef(userId);
  const replaceDraft = useCallback(
    (next: Draft) => {
      if (hasUnsavedChanges(next)) keepDraft(userId, next);
      else dropDraft(userId);
      if (owner.current !== userId) return; // another person has signed in meanwhile
      latestDraft.current = next;
      setEdited({ userId, draft: next });
    },
    [userId],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new value of `round` loads the profile again
  useEffect(() => {
    let left = false;
    owner.current = userId;
    latestDraft.current = undefined;
    setFailure(undefined);
    void readProfile(caller).then((read) => {
      if (left) return;
      if (read.failure && read.failure.code !== 'PROFILE_NOT_FOUND') return setFailure(read.failure);
      const kept = getKeptDraft(userId);
      replaceDraft(kept ? rebaseDraft(kept, read.data) : draftOf(fields, read.data));
    });
    return () => {
      left = true;
    };
  }, [caller, fields, userId, replaceDraft, round]);

  return {
    draft,
    failure,
    load: () => setRound(round + 1),
    set: (field, answer) => {
      if (latestDraft.current)
        replaceDraft({ ...latestDraft.current, answers: { ...latestDraft.current.answers, [field]: answer } });
    },
    reset: () => {
      if (latestDraft.current) replaceDraft(draftOf(fields, latestDraft.current.base));
    },
    save: async () => {
      const sent = latestDraft.current ?? draftOf(fields, undefined);
      const outcome = await saveDraft(caller, sent);
      if (outcome.data) replaceDraft(keepTyped(sent, latestDraft.current ?? sent, outcome.data.draft));
      return outcome;
    },
  };
}

/**
 * Calls the profile API for one person only. If another person has signed in in another tab, the browser's cookie
 * belongs to that person. The hook then discards the token, and the call fails with UNAUTHORIZED.
 */
function useCaller(userId: string): Caller {
  return useMemo(() => {
    const getOwnToken = async () => {
      const token = await getToken();
      if (token.failure || tokenSubject(token.data) === userId) return token;
      clearToken();
      return undefined;
    };
    // The token in memory can belong to the person who was signed in before, so it tries twice.
    const get = async () => (await getOwnToken()) ?? (await getOwnToken()) ?? { failure: signedOutFailure };
    return { getToken: get, clearToken };
  }, [userId]);
}

const signedOutFailure: Failure = { code: 'UNAUTHORIZED', status: 401 };
