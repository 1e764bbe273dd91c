import { type Draft, unsaved } from '../lib/profileDraft';

// In memory only, and by user id: what one person typed is never shown to another who signs in at the same page.
const drafts = new Map<string, Draft>();

/** What this person typed and did not save, when the form went away because their session had ended. */
export function keptDraft(userId: string): Draft | undefined {
  return drafts.get(userId);
}

/** Keeps a draft for as long as there is something in it to lose. */
export function keepDraft(userId: string, draft: Draft): void {
  if (unsaved(draft)) drafts.set(userId, draft);
  else drafts.delete(userId);
}

/** Forgets what one person typed: they said it may go. */
export function dropDraft(userId: string): void {
  drafts.delete(userId);
}

/** Forgets what anybody typed: somebody signed out on purpose, and what is left belongs to nobody. */
export function dropDrafts(): void {
  drafts.clear();
}

/** Whether anything typed would be lost. */
export function anyDraft(): boolean {
  return drafts.size > 0;
}
