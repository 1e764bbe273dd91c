import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import type { Failure } from '../../client/failure';
import { texts } from '../../client/texts';
import { useSubmit } from '../../client/useSubmit';
import FormMessage, { FormNote } from '../FormMessage';
import { waitText } from '../SubmitButton';

interface Props {
  /** Sends the mail; returns the failure, if any. */
  readonly send: () => Promise<Failure | undefined>;
}

/** A button that sends a mail again. It has no form element, so it can be used inside a form. */
export default function SendAgain({ send }: Props): ReactNode {
  const [sent, setSent] = useState(0);
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const failed = await send();
    if (!failed) setSent((times) => times + 1);
    return failed;
  });
  return (
    <div>
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
      {sent > 0 && !failure && (
        <FormNote key={sent}>
          {translate({
            id: 'theme.xenon.mail.sentAgain',
            message: 'Sent again. A mail can take a minute. Check the spam folder, too.',
          })}
        </FormNote>
      )}
      <button
        type="button"
        className="button button--secondary"
        aria-busy={busy}
        aria-disabled={busy || retryInSeconds > 0}
        onClick={onSubmit}
      >
        {busy
          ? texts.busy()
          : retryInSeconds > 0
            ? waitText(retryInSeconds)
            : translate({ id: 'theme.xenon.mail.sendAgain', message: 'Send the mail again' })}
      </button>
    </div>
  );
}
