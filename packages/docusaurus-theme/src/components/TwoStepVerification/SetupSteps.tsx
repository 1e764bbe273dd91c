import { translate } from '@docusaurus/Translate';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { fieldError } from '../../client/errors';
import { refreshSession } from '../../client/sessionStore';
import { texts } from '../../client/texts';
import { confirmSetup, groupsOfFour, type Setup } from '../../client/twoStepSetup';
import { useSubmit } from '../../client/useSubmit';
import CodeField from '../CodeField';
import CopyButton from '../CopyButton';
import FormMessage from '../FormMessage';
import QrCode from '../QrCode';
import SubmitButton from '../SubmitButton';
import styles from './styles.module.css';

interface Props {
  readonly setup: Setup;
  readonly onConfirmed: () => void;
  readonly onCancel: () => void;
}

/** Shows the secret for an authenticator app, and asks for the first code of the app. */
export default function SetupSteps({ setup, onConfirmed, onCancel }: Props): ReactNode {
  const [code, setCode] = useState('');
  const heading = useRef<HTMLParagraphElement>(null);
  useEffect(() => heading.current?.focus(), []); // the form with the password had the focus
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const failed = await confirmSetup(code);
    if (failed) return failed;
    onConfirmed();
    await refreshSession();
    return undefined;
  });
  return (
    <>
      <p ref={heading} tabIndex={-1} className={styles.lead}>
        {translate({
          id: 'theme.xenon.twoStep.setup.scan',
          message: 'Scan this picture with an authenticator app, such as the one of your password manager.',
        })}
      </p>
      <QrCode
        text={setup.uri}
        label={translate({ id: 'theme.xenon.twoStep.setup.qr', message: 'QR code for your authenticator app' })}
      />
      <p className={styles.secretLine}>
        {translate({ id: 'theme.xenon.twoStep.setup.type', message: 'Or type this secret into the app:' })}{' '}
        <code className={styles.secret}>{groupsOfFour(setup.secret)}</code>
      </p>
      <div className={styles.actions}>
        <CopyButton text={setup.secret}>
          {translate({ id: 'theme.xenon.twoStep.setup.copy', message: 'Copy the secret' })}
        </CopyButton>
        <a className="button button--secondary" href={setup.uri}>
          {translate({ id: 'theme.xenon.twoStep.setup.open', message: 'Open an app on this device' })}
        </a>
      </div>
      <form onSubmit={onSubmit} method="post" className={styles.confirm}>
        <FormMessage failure={failure} retryInSeconds={retryInSeconds} fields={{ code: 'code' }} />
        <CodeField
          label={translate({ id: 'theme.xenon.twoStep.setup.code', message: 'Code that the app shows' })}
          value={code}
          onChange={setCode}
          error={fieldError(failure, 'code')}
        />
        <div className={styles.actions}>
          <SubmitButton busy={busy} retryInSeconds={retryInSeconds}>
            {translate({ id: 'theme.xenon.twoStep.setup.submit', message: 'Turn it on' })}
          </SubmitButton>
          <button type="button" className="button button--secondary" onClick={onCancel}>
            {texts.cancel()}
          </button>
        </div>
      </form>
    </>
  );
}
