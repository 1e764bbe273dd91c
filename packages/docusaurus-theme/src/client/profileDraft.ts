import type { ProfileFields } from '../profileFields';
import type { Outcome } from './failure';
import {
  type Answer,
  type Answers,
  answersOf,
  type Caller,
  changedAnswers,
  createProfile,
  mergeAnswers,
  type ProfileVersion,
  readProfile,
  updateProfile,
} from './profile';

/** A profile that a person is editing. */
export interface Draft {
  readonly fields: ProfileFields;
  /** The version it started from; undefined when there is no profile yet. */
  readonly base: ProfileVersion | undefined;
  /** The current content of the form. */
  readonly answers: Answers;
  /** Fields that were changed both here and elsewhere, to different values. */
  readonly conflicts: readonly Conflict[];
}

/** One field that was changed here and elsewhere, to different values. */
export interface Conflict {
  readonly field: string;
  readonly mine: Answer;
  readonly theirs: Answer;
}

/** The result of sending a draft, and the draft with which the form continues. */
export interface SaveResult {
  readonly draft: Draft;
  /** `conflict`: nothing was saved, the person has to choose. `merged`: saved together with changes made elsewhere. */
  readonly status: 'saved' | 'merged' | 'conflict';
}

/** A draft without changes. */
export function draftOf(fields: ProfileFields, base: ProfileVersion | undefined): Draft {
  return { fields, base, answers: answersOf(fields, base?.profile), conflicts: [] };
}

/** The fields to send: those that differ from the version that the draft started from. */
export function unsavedChanges({ fields, base, answers }: Draft): Answers {
  return changedAnswers(answersOf(fields, base?.profile), answers);
}

/** Whether the draft has unsaved changes. */
export function hasUnsavedChanges(draft: Draft): boolean {
  return Object.keys(unsavedChanges(draft)).length > 0;
}

/** Returns the draft with a newer version as its base. */
export function rebaseDraft(draft: Draft, theirs: ProfileVersion | undefined): Draft {
  if (draft.base?.etag === theirs?.etag) return { ...draft, base: theirs };
  const { fields } = draft;
  const other = answersOf(fields, theirs?.profile);
  const { answers, both } = mergeAnswers(answersOf(fields, draft.base?.profile), draft.answers, other);
  const conflicts = both.map((field) => ({
    field,
    mine: draft.answers[field] ?? null,
    theirs: other[field] ?? null,
  }));
  return { fields, base: theirs, answers, conflicts };
}

// The errors if the profile was changed, created or deleted elsewhere after it was read.
const outdatedCodes = ['PROFILE_CHANGED', 'PROFILE_ALREADY_EXISTS', 'PROFILE_NOT_FOUND'];

/**
 * Sends the changes. When the profile was changed elsewhere, reads the new version and, without conflicts, sends the
 * changes again. It sends at most `tries` times, and then returns the last failure.
 */
export async function saveDraft(caller: Caller, draft: Draft, tries = 3): Promise<Outcome<SaveResult>> {
  const outcome = draft.base
    ? await updateProfile(caller, unsavedChanges(draft), draft.base.etag)
    : await createProfile(caller, unsavedChanges(draft));
  if (outcome.data) return { data: { draft: draftOf(draft.fields, outcome.data), status: 'saved' } };
  if (!outdatedCodes.includes(outcome.failure.code) || tries <= 1) return outcome;
  const theirs = await readProfile(caller);
  if (theirs.failure && theirs.failure.code !== 'PROFILE_NOT_FOUND') return theirs;
  const next = rebaseDraft(draft, theirs.data);
  if (next.conflicts.length > 0) return { data: { draft: next, status: 'conflict' } };
  const again = await saveDraft(caller, next, tries - 1);
  return again.data?.status === 'saved' ? { data: { ...again.data, status: 'merged' } } : again;
}

/** Adds the input that was typed while the request was running (`sent` to `now`) to the saved draft. */
export function keepTyped(sent: Draft, now: Draft, saved: Draft): Draft {
  return { ...saved, answers: { ...saved.answers, ...changedAnswers(sent.answers, now.answers) } };
}
