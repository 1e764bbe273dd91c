import type { Draft } from './profileDraft'; // no code: the account menu of every page imports this module

// In memory only, by user id: one person's input is never shown to another person who signs in on the same page.
const drafts = new Map<string, Draft>();

/** Returns the person's unsaved input, for example after the form disappeared because the session ended. */
export function getKeptDraft(userId: string): Draft | undefined {
  return drafts.get(userId);
}

/** Keeps a draft with unsaved changes. */
export function keepDraft(userId: string, draft: Draft): void {
  drafts.set(userId, draft);
}

/** Drops a draft that the person discards, or that is saved. */
export function dropDraft(userId: string): void {
  drafts.delete(userId);
}

/** Drops all drafts, after a person has signed out. */
export function dropDrafts(): void {
  drafts.clear();
}

/** Whether there is any unsaved input. */
export function hasDrafts(): boolean {
  return drafts.size > 0;
}
