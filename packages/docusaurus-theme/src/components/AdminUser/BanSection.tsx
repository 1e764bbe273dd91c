import { translate } from '@docusaurus/Translate';
import useDocusaurusContext from '@docusaurus/useDocusaurusContext';
import { type ReactNode, useState } from 'react';
import { callAdmin, type ManagedUser } from '../../client/admin';
import { useSubmit } from '../../client/useSubmit';
import Field from '../Field';
import FormMessage from '../FormMessage';
import { useResultNote } from '../ResultNote';
import Section from '../Section';
import SelectField from '../SelectField';
import SubmitButton from '../SubmitButton';
import { isBanned } from '../UserBadges';

interface Props {
  readonly user: ManagedUser;
  readonly reload: () => Promise<unknown>;
}

/** Bans a user, for a time or until further notice, and ends a ban. */
export default function BanSection({ user, reload }: Props): ReactNode {
  const { note, show } = useResultNote();
  return (
    <Section
      id="ban"
      title={translate({ id: 'theme.xenon.admin.ban', message: 'Ban' })}
      intro={translate({
        id: 'theme.xenon.admin.ban.intro',
        message: 'A banned user is signed out everywhere at once and cannot sign in.',
      })}
    >
      {note}
      {isBanned(user) ? (
        <Unban
          user={user}
          onDone={async () => {
            await reload();
            show(translate({ id: 'theme.xenon.admin.ban.ended', message: 'The ban has ended.' }));
          }}
        />
      ) : (
        <BanForm
          user={user}
          onDone={async () => {
            await reload();
            show(translate({ id: 'theme.xenon.admin.ban.done', message: 'The user is banned.' }));
          }}
        />
      )}
    </Section>
  );
}

interface StepProps {
  readonly user: ManagedUser;
  readonly onDone: () => Promise<void>;
}

function Unban({ user, onDone }: StepProps): ReactNode {
  const language = useDocusaurusContext().i18n.currentLocale;
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const { failure } = await callAdmin((admin, fetchOptions) => admin.unbanUser({ userId: user.id, fetchOptions }));
    if (!failure) await onDone();
    return failure;
  });
  const until = user.banExpires?.toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
      <p>
        {until
          ? translate({ id: 'theme.xenon.admin.ban.until', message: 'Banned until {time}.' }, { time: until })
          : translate({ id: 'theme.xenon.admin.ban.forever', message: 'Banned until further notice.' })}{' '}
        {user.banReason &&
          translate({ id: 'theme.xenon.admin.ban.reasonIs', message: 'Reason: {reason}' }, { reason: user.banReason })}
      </p>
      <SubmitButton busy={busy} retryInSeconds={retryInSeconds} secondary>
        {translate({ id: 'theme.xenon.admin.ban.end', message: 'End the ban' })}
      </SubmitButton>
    </form>
  );
}

const secondsPerDay = 24 * 60 * 60;
const durations = ['forever', '1', '7', '30'] as const; // days

function BanForm({ user, onDone }: StepProps): ReactNode {
  const [reason, setReason] = useState('');
  const [days, setDays] = useState<(typeof durations)[number]>('forever');
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const { failure } = await callAdmin((admin, fetchOptions) =>
      admin.banUser({
        userId: user.id,
        ...(reason.trim() && { banReason: reason.trim() }),
        ...(days !== 'forever' && { banExpiresIn: Number(days) * secondsPerDay }),
        fetchOptions,
      }),
    );
    if (!failure) await onDone();
    return failure;
  });
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
      <Field
        name="banReason"
        type="text"
        label={translate({ id: 'theme.xenon.admin.ban.reason', message: 'Reason' })}
        hint={translate({ id: 'theme.xenon.admin.ban.reason.hint', message: 'For administrators; may be empty.' })}
        autoComplete="off"
        value={reason}
        onChange={setReason}
      />
      <SelectField
        name="banDays"
        label={translate({ id: 'theme.xenon.admin.ban.duration', message: 'For how long' })}
        options={durations.map((value) => ({ value, label: durationText(value) }))}
        value={days}
        onChange={setDays}
      />
      <SubmitButton danger busy={busy} retryInSeconds={retryInSeconds}>
        {translate({ id: 'theme.xenon.admin.ban.submit', message: 'Ban' })}
      </SubmitButton>
    </form>
  );
}

function durationText(duration: (typeof durations)[number]): string {
  switch (duration) {
    case 'forever':
      return translate({ id: 'theme.xenon.admin.ban.for.ever', message: 'Until further notice' });
    case '1':
      return translate({ id: 'theme.xenon.admin.ban.for.1', message: '1 day' });
    case '7':
      return translate({ id: 'theme.xenon.admin.ban.for.7', message: '7 days' });
    case '30':
      return translate({ id: 'theme.xenon.admin.ban.for.30', message: '30 days' });
  }
}
