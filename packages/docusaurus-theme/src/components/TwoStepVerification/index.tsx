import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import type { User } from '../../client/authClient';
import { refreshSession } from '../../client/sessionStore';
import { paths } from '../../client/site';
import { beginSetup, newBackupCodes, type Setup, turnOff } from '../../client/twoStepSetup';
import { useHasPassword } from '../../client/useAccounts';
import Section from '../Section';
import BackupCodes from './BackupCodes';
import PasswordStep from './PasswordStep';
import SetupSteps from './SetupSteps';
import StepButtons from './StepButtons';
import styles from './styles.module.css';

type Step =
  | { readonly at: 'start' | 'asking to begin' | 'asking for codes' | 'asking to turn off' }
  | { readonly at: 'setting up'; readonly setup: Setup }
  | { readonly at: 'saving codes'; readonly codes: readonly string[] };

/** Turns two-step verification on and off, and makes backup codes. Each step asks for the password. */
export default function TwoStepVerification({ user }: { readonly user: User }): ReactNode {
  const hasPassword = useHasPassword(user.id) ?? true;
  return (
    <Section
      id="two-step"
      title={translate({ id: 'theme.xenon.twoStep', message: 'Two-step verification' })}
      intro={translate({
        id: 'theme.xenon.twoStep.intro',
        message: 'With it, a sign-in needs your password and a code from an app on your phone.',
      })}
    >
      {hasPassword || user.twoFactorEnabled ? <Steps user={user} /> : <NeedsPassword />}
    </Section>
  );
}

function NeedsPassword(): ReactNode {
  return (
    <p>
      {translate({
        id: 'theme.xenon.twoStep.needsPassword',
        message: 'It protects the sign-in with a password, and this account has none.',
      })}{' '}
      <Link to={`${paths.account}#password`}>
        {translate({ id: 'theme.xenon.twoStep.setPassword', message: 'Set a password first' })}
      </Link>
    </p>
  );
}

function Steps({ user }: { readonly user: User }): ReactNode {
  const [step, setStep] = useState<Step>({ at: 'start' });
  const [wasLeft, setLeft] = useState(false);
  const start = () => {
    setLeft(true);
    setStep({ at: 'start' });
  };
  switch (step.at) {
    case 'start':
      return (
        <>
          <StatusLine isOn={user.twoFactorEnabled ?? false} />
          <StepButtons
            isOn={user.twoFactorEnabled ?? false}
            takesFocus={wasLeft}
            onBegin={() => setStep({ at: 'asking to begin' })}
            onNewCodes={() => setStep({ at: 'asking for codes' })}
            onTurnOff={() => setStep({ at: 'asking to turn off' })}
          />
        </>
      );
    case 'asking to begin':
      return (
        <PasswordStep
          user={user}
          submit={translate({ id: 'theme.xenon.twoStep.begin.submit', message: 'Continue' })}
          call={beginSetup}
          onDone={(setup) => setStep({ at: 'setting up', setup })}
          onCancel={start}
        />
      );
    case 'setting up':
      return (
        <SetupSteps
          setup={step.setup}
          onConfirmed={() => setStep({ at: 'saving codes', codes: step.setup.backupCodes })}
          onCancel={start}
        />
      );
    case 'saving codes':
      return <BackupCodes codes={step.codes} onSaved={start} />;
    case 'asking for codes':
      return (
        <PasswordStep
          user={user}
          intro={translate({
            id: 'theme.xenon.twoStep.codes.intro',
            message: 'You get ten new backup codes. The old ones stop working.',
          })}
          submit={translate({ id: 'theme.xenon.twoStep.codes.submit', message: 'Make new codes' })}
          call={newBackupCodes}
          onDone={(codes) => setStep({ at: 'saving codes', codes })}
          onCancel={start}
        />
      );
    case 'asking to turn off':
      return (
        <PasswordStep
          user={user}
          danger
          intro={translate({
            id: 'theme.xenon.twoStep.off.intro',
            message: 'Then your password alone is enough to sign in. Your backup codes are deleted.',
          })}
          submit={translate({ id: 'theme.xenon.twoStep.off.submit', message: 'Turn it off' })}
          call={turnOff}
          onDone={async () => {
            await refreshSession();
            start();
          }}
          onCancel={start}
        />
      );
  }
}

function StatusLine({ isOn }: { readonly isOn: boolean }): ReactNode {
  return (
    <p>
      <span className={isOn ? styles.on : styles.off}>
        {isOn
          ? translate({ id: 'theme.xenon.twoStep.on', message: 'On' })
          : translate({ id: 'theme.xenon.twoStep.off', message: 'Off' })}
      </span>
    </p>
  );
}
