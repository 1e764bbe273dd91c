import { translate } from '@docusaurus/Translate';
import { usePluralForm } from '@docusaurus/theme-common';
import { type FormEvent, type ReactNode, useState } from 'react';
import { dropDraft, getKeptDraft } from '../../client/drafts';
import { needsSignIn } from '../../client/errors';
import { type Problems, problemOf, problemsInDetail, problemsOf } from '../../client/profileCheck';
import { type Draft, type SaveResult, unsavedChanges } from '../../client/profileDraft';
import { refreshSession } from '../../client/sessionStore';
import { texts } from '../../client/texts';
import { useLeaveGuard } from '../../client/useLeaveGuard';
import { type ProfileEditor, useProfile } from '../../client/useProfile';
import { useProfileData } from '../../client/useProfileData';
import { useSubmit } from '../../client/useSubmit';
import type { ProfileField, ProfileFields } from '../../profileFields';
import FormMessage from '../FormMessage';
import { usePasswordDialog } from '../PasswordDialog';
import ProfileConflict from '../ProfileConflict';
import ProfileInput from '../ProfileInput';
import Skeleton from '../Skeleton';
import SubmitButton from '../SubmitButton';
import styles from './styles.module.css';

/** The form of the profile, from its declaration. The first save creates the profile, later ones change it. */
export default function ProfileForm({ userId }: { readonly userId: string }): ReactNode {
  const editor = useProfile(userId);

  if (editor.draft) return <LoadedProfileForm userId={userId} editor={editor} draft={editor.draft} />;
  if (!editor.failure) return <Skeleton lines={8} />;
  return (
    <FormMessage failure={editor.failure}>
      <button
        type="button"
        className="button button--secondary"
        onClick={editor.failure && needsSignIn(editor.failure) ? refreshSession : editor.load}
      >
        {texts.retry()}
      </button>
    </FormMessage>
  );
}

interface FormProps {
  readonly userId: string;
  readonly editor: ProfileEditor;
  readonly draft: Draft;
}

function LoadedProfileForm({ userId, editor, draft }: FormProps): ReactNode {
  const { fields, answers, base, conflicts } = draft;
  const [saved, setSaved] = useState<SaveResult['status']>();
  const [problems, setProblems] = useState<Problems>({});
  const { withReauthentication, dialog } = usePasswordDialog();
  const { busy, failure, retryInSeconds, onSubmit, setFailure } = useSubmit(async () => {
    const outcome = await withReauthentication(editor.save);
    setSaved(outcome.data?.status);
    setProblems(problemsInDetail(fields, outcome.failure?.detail));
    return outcome.failure;
  });
  useGuardOfDraft(userId);
  const unsaved = unsavedChanges(draft);
  const count = Object.keys(unsaved).length;
  const submitValid = (event: FormEvent<HTMLFormElement>) => {
    const found = { ...problemsOf(fields, unsaved), ...problemsOfUnreadable(fields, event.currentTarget) };
    const first = fields.find(({ name }) => name in found);
    if (!first) return onSubmit(event);
    event.preventDefault();
    setFailure(undefined);
    setProblems(found);
    inputOf(event.currentTarget, first)?.focus();
  };
  const set: ProfileEditor['set'] = (name, answer) => {
    setProblems(({ [name]: _, ...others }) => others);
    editor.set(name, answer);
  };
  const reset = () => {
    setProblems({});
    editor.reset();
  };
  return (
    <>
      <form onSubmit={submitValid} method="post" noValidate>
        <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
        {conflicts.length > 0 && <ProfileConflict draft={draft} onChoose={set} />}
        {!base && <Welcome />}
        {groupsOf(fields).map((group) => (
          <div key={group[0]?.name} className={styles.group}>
            {group.map((field) => (
              <ProfileInput
                key={field.name}
                field={field}
                answer={answers[field.name] ?? null}
                problem={problems[field.name]}
                onChange={(answer) => set(field.name, answer)}
              />
            ))}
          </div>
        ))}
        <div className={styles.actions}>
          <SubmitButton busy={busy} retryInSeconds={retryInSeconds}>
            {base
              ? translate({ id: 'theme.xenon.profile.save', message: 'Save' })
              : translate({ id: 'theme.xenon.profile.create', message: 'Create my profile' })}
          </SubmitButton>
          {base && count > 0 && !busy && (
            <button type="button" className="button button--secondary" onClick={reset}>
              {translate({ id: 'theme.xenon.profile.reset', message: 'Discard changes' })}
            </button>
          )}
          <Status unsaved={count} saved={saved} />
        </div>
      </form>
      {dialog}
    </>
  );
}

/** Asks before the person leaves the page with unsaved changes. */
function useGuardOfDraft(userId: string): void {
  useLeaveGuard({
    // Checks the stored draft, not the form: signing out deletes the drafts, and then no question is needed.
    hasUnsavedChanges: () => getKeptDraft(userId) !== undefined,
    question: translate({
      id: 'theme.xenon.profile.leave',
      message: 'Your changes are not saved. Leave without saving?',
    }),
    onLeave: () => dropDraft(userId),
  });
}

/** Problems of inputs whose text is not a number. The browser gives scripts an empty text instead. */
function problemsOfUnreadable(fields: ProfileFields, form: HTMLFormElement): Problems {
  const isUnreadable = (field: ProfileField) => {
    const input = inputOf(form, field);
    return input instanceof HTMLInputElement && input.validity.badInput;
  };
  return Object.fromEntries(fields.filter(isUnreadable).map((field) => [field.name, problemOf(field)]));
}

// Not form.elements: an input with the name `elements` replaces it.
function inputOf(form: HTMLFormElement, { name }: ProfileField): HTMLElement | null {
  return form.querySelector(`[name="${name}"]`);
}

/** Each choice alone, and the inputs between two choices together. */
function groupsOf(fields: ProfileFields): ProfileFields[] {
  const groups: ProfileField[][] = [];
  for (const [i, field] of fields.entries()) {
    if (field.type !== 'choice' && i > 0 && fields[i - 1]?.type !== 'choice') groups.at(-1)?.push(field);
    else groups.push([field]);
  }
  return groups;
}

/** What a person without a profile reads first. */
function Welcome(): ReactNode {
  const { isShipped } = useProfileData();
  return (
    <p className={styles.welcome}>
      {isShipped
        ? translate({
            id: 'theme.xenon.profile.welcome',
            message:
              'Tell us how you learn. Every question is optional, and you can change your answers whenever you like.',
          })
        : translate({
            id: 'theme.xenon.profile.welcome.ownFields',
            message: 'You can change your answers whenever you like.',
          })}
    </p>
  );
}

interface StatusProps {
  /** The number of unsaved changes. */
  readonly unsaved: number;
  readonly saved: SaveResult['status'] | undefined;
}

function Status({ unsaved, saved }: StatusProps): ReactNode {
  const unsavedText = usePluralForm().selectMessage(
    unsaved,
    translate(
      {
        id: 'theme.xenon.profile.unsaved',
        description: 'Forms for one and for several, separated by a vertical bar',
        message: '1 change, not saved yet|{count} changes, not saved yet',
      },
      { count: unsaved },
    ),
  );
  return <p role="status">{unsaved > 0 ? unsavedText : saved && savedText(saved)}</p>;
}

function savedText(status: SaveResult['status']): string {
  return status === 'merged'
    ? translate({ id: 'theme.xenon.profile.merged', message: 'Saved, together with the changes made elsewhere.' })
    : translate({ id: 'theme.xenon.profile.saved', message: 'Saved.' });
}
