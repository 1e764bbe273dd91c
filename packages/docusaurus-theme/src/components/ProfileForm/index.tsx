import { translate } from '@docusaurus/Translate';
import { usePluralForm } from '@docusaurus/theme-common';
import { type ReactNode, useId, useState } from 'react';
import { dropDraft, getKeptDraft } from '../../client/drafts';
import { needsSignIn } from '../../client/errors';
import type { Answers, ChoiceField } from '../../client/profile';
import { type Draft, type SaveResult, unsavedChanges } from '../../client/profileDraft';
import { refreshSession } from '../../client/sessionStore';
import { texts } from '../../client/texts';
import { useLeaveGuard } from '../../client/useLeaveGuard';
import { type ProfileEditor, useProfile } from '../../client/useProfile';
import { useSubmit } from '../../client/useSubmit';
import Choice from '../Choice';
import Field from '../Field';
import fieldStyles from '../Field/styles.module.css';
import FormMessage from '../FormMessage';
import { usePasswordDialog } from '../PasswordDialog';
import ProfileConflict from '../ProfileConflict';
import Skeleton from '../Skeleton';
import SubmitButton from '../SubmitButton';
import styles from './styles.module.css';
import { answerOptions, languageOptions, questions } from './words';

/** The form of the learner profile. The first save creates the profile, later ones change it. */
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
  const { set } = editor;
  const languageId = useId();
  const { answers, base, conflicts } = draft;
  const [saved, setSaved] = useState<SaveResult['status']>();
  const { withReauthentication, dialog } = usePasswordDialog();
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const outcome = await withReauthentication(editor.save);
    setSaved(outcome.data?.status);
    return outcome.failure;
  });
  useLeaveGuard({
    // Checks the stored draft, not the form: signing out deletes the drafts, and then no question is needed.
    hasUnsavedChanges: () => getKeptDraft(userId) !== undefined,
    question: translate({
      id: 'theme.xenon.profile.leave',
      message: 'Your changes are not saved. Leave without saving?',
    }),
    onLeave: () => dropDraft(userId),
  });
  const count = Object.keys(unsavedChanges(draft)).length;
  const unsavedText = usePluralForm().selectMessage(
    count,
    translate(
      {
        id: 'theme.xenon.profile.unsaved',
        description: 'Forms for one and for several, separated by a vertical bar',
        message: '1 change, not saved yet|{count} changes, not saved yet',
      },
      { count },
    ),
  );
  const renderChoice = <F extends ChoiceField>(field: F) => (
    <Choice
      name={field}
      legend={questions[field]()}
      options={answerOptions(field)}
      value={answers[field] as Answers[ChoiceField]}
      onChange={(value) => set(field, value as Answers[F])}
    />
  );
  return (
    <>
      <form onSubmit={onSubmit} method="post">
        <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
        {conflicts.length > 0 && <ProfileConflict conflicts={conflicts} answers={answers} onChoose={set} />}
        {!base && (
          <p className={styles.welcome}>
            {translate({
              id: 'theme.xenon.profile.welcome',
              message:
                'Tell us how you learn. Every question is optional, and you can change your answers whenever you like.',
            })}
          </p>
        )}
        {renderChoice('primary_goal')}
        {renderChoice('tech_background')}
        {renderChoice('education_level')}
        {renderChoice('age_range')}
        {renderChoice('learning_mode')}
        {renderChoice('learning_speed')}
        <div className={styles.pair}>
          <Field
            name="time_per_week"
            type="number"
            inputMode="numeric"
            min={0}
            max={168}
            step={1}
            autoComplete="off"
            label={questions.time_per_week()}
            value={answers.time_per_week ?? ''}
            onChange={(hours) => set('time_per_week', hours === '' ? null : Number(hours))}
          />
          <div className={fieldStyles.field}>
            <label htmlFor={languageId}>{questions.preferred_language()}</label>
            <select
              id={languageId}
              name="preferred_language"
              className={fieldStyles.input}
              value={answers.preferred_language}
              onChange={(event) => set('preferred_language', event.target.value)}
            >
              {languageOptions(answers.preferred_language).map(({ value, label }) => (
                <option key={value} value={value} lang={value}>
                  {label}
                </option>
              ))}
            </select>
          </div>
        </div>
        <div className={styles.actions}>
          <SubmitButton busy={busy} retryInSeconds={retryInSeconds}>
            {base
              ? translate({ id: 'theme.xenon.profile.save', message: 'Save' })
              : translate({ id: 'theme.xenon.profile.create', message: 'Create my profile' })}
          </SubmitButton>
          {base && count > 0 && !busy && (
            <button type="button" className="button button--secondary" onClick={editor.reset}>
              {translate({ id: 'theme.xenon.profile.reset', message: 'Discard changes' })}
            </button>
          )}
          <p role="status">{count > 0 ? unsavedText : saved && savedText(saved)}</p>
        </div>
      </form>
      {dialog}
    </>
  );
}

function savedText(status: SaveResult['status']): string {
  return status === 'merged'
    ? translate({ id: 'theme.xenon.profile.merged', message: 'Saved, together with the changes made elsewhere.' })
    : translate({ id: 'theme.xenon.profile.saved', message: 'Saved.' });
}
