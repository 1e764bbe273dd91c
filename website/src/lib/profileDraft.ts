import type { Outcome } from './failure';
import {
  type Answers,
  answersOf,
  type Caller,
  changed,
  createProfile,
  merge,
  readProfile,
  updateProfile,
  type Version,
} from './profile';

/** A profile that is being filled in. */
export interface Draft {
  /** The version it started from; none when there is no profile yet. */
  readonly base: Version | undefined;
  /** What stands in the form. */
  readonly answers: Answers;
  /** What somebody else saved meanwhile in fields that were changed here, too. Empty when nobody did. */
  readonly conflicts: readonly Conflict[];
}

/** One field, changed here and elsewhere, differently. */
export interface Conflict {
  readonly field: keyof Answers;
  readonly mine: Answers[keyof Answers];
  readonly theirs: Answers[keyof Answers];
}

/** What became of a draft that was sent: another one, to go on with. */
export interface Sent {
  readonly draft: Draft;
  /** `conflict`: nothing was saved, the person has to choose. `merged`: saved, beside what somebody else had changed. */
  readonly became: 'saved' | 'merged' | 'conflict';
}

/** A draft of a version as it was read. */
export function draftOf(base: Version | undefined): Draft {
  return { base, answers: answersOf(base?.profile), conflicts: [] };
}

/** What would be sent: the fields that differ from the version the draft started from. */
export function changes(draft: Draft): Partial<Answers> {
  return changed(answersOf(draft.base?.profile), draft.answers);
}

/** Whether anything in the draft would be lost with it. */
export function unsaved(draft: Draft): boolean {
  return Object.keys(changes(draft)).length > 0;
}

/** The draft, going on from a newer version than it started from. */
export function rebase(draft: Draft, theirs: Version | undefined): Draft {
  if (draft.base?.etag === theirs?.etag) return { ...draft, base: theirs };
  const other = answersOf(theirs?.profile);
  const { answers, both } = merge(answersOf(draft.base?.profile), draft.answers, other);
  return {
    base: theirs,
    answers,
    conflicts: both.map((field) => ({ field, mine: draft.answers[field], theirs: other[field] })),
  };
}

// Somebody saved, created or removed the profile since it was read.
const outdated = ['PROFILE_CHANGED', 'PROFILE_ALREADY_EXISTS', 'PROFILE_NOT_FOUND'];

/**
 * Sends what was changed. When somebody else saved first, their version is read, and as long as nobody contradicts
 * anybody both are kept: that is tried `tries` times, then the last failure stands.
 */
export async function send(caller: Caller, draft: Draft, tries = 3): Promise<Outcome<Sent>> {
  const outcome = draft.base
    ? await updateProfile(caller, changes(draft), draft.base.etag)
    : await createProfile(caller, changes(draft));
  if (outcome.data) return { data: { draft: draftOf(outcome.data), became: 'saved' } };
  if (!outdated.includes(outcome.failure.code) || tries <= 1) return outcome;
  const theirs = await readProfile(caller);
  if (theirs.failure && theirs.failure.code !== 'PROFILE_NOT_FOUND') return theirs;
  const next = rebase(draft, theirs.data);
  if (next.conflicts.length > 0) return { data: { draft: next, became: 'conflict' } };
  const again = await send(caller, next, tries - 1);
  return again.data?.became === 'saved' ? { data: { ...again.data, became: 'merged' } } : again;
}

/** The draft after it was sent, with what was typed while it was on its way. */
export function typedSince(sent: Draft, now: Draft, became: Draft): Draft {
  return { ...became, answers: { ...became.answers, ...changed(sent.answers, now.answers) } };
}
