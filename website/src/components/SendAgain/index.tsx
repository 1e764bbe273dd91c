import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { useSubmit } from '../../auth/useSubmit';
import type { Failure } from '../../lib/failure';
import FormMessage, { FormNote } from '../FormMessage';

interface Props {
  /** Sends the mail; returns the failure, if any. */
  readonly send: () => Promise<Failure | undefined>;
}

/** A button that sends a mail again. It has no form element, so it can be used inside a form. */
export default function SendAgain({ send }: Props): ReactNode {
  const [sent, setSent] = useState(0);
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    const failed = await send();
    if (!failed) setSent((times) => times + 1);
    return failed;
  });
  return (
    <div>
      <FormMessage failure={failure} wait={wait} />
      {sent > 0 && !failure && (
        <FormNote key={sent}>
          {translate({
            id: 'mail.sentAgain',
            message: 'Sent again. A mail can take a minute. Check the spam folder, too.',
          })}
        </FormNote>
      )}
      <button
        type="button"
        className="button button--secondary"
        aria-busy={busy}
        aria-disabled={busy || wait > 0}
        onClick={onSubmit}
      >
        {busy
          ? translate({ id: 'form.busy', message: 'One moment …' })
          : wait > 0
            ? translate({ id: 'form.waiting', message: 'Wait {seconds} s' }, { seconds: wait })
            : translate({ id: 'mail.sendAgain', message: 'Send the mail again' })}
      </button>
    </div>
  );
}
