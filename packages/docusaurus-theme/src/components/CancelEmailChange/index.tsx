import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { callAuth } from '../../client/callAuth';
import { paths } from '../../client/site';
import { useSubmit } from '../../client/useSubmit';
import FormMessage from '../FormMessage';
import SubmitButton from '../SubmitButton';
import SuccessNotice from '../SuccessNotice';

/** Stops a change of email address with the token of a mail. The token is undefined until it has been read. */
export default function CancelEmailChange({ token }: { readonly token: string | undefined }): ReactNode {
  const [stopped, setStopped] = useState(false);
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    if (token === undefined) return undefined;
    const { failure } = await callAuth((client, fetchOptions) =>
      client.$fetch('/cancel-email-change', { method: 'POST', body: { token }, ...fetchOptions }),
    );
    if (!failure) setStopped(true);
    return failure;
  });
  if (stopped || failure?.code === 'INVALID_TOKEN') {
    return (
      <SuccessNotice>
        <p>
          {stopped
            ? translate({
                id: 'theme.xenon.cancelChange.done',
                message: 'The change is stopped. Your account keeps its e-mail address.',
              })
            : translate({
                id: 'theme.xenon.cancelChange.used',
                message:
                  'There is nothing to stop any more: the change was already stopped or made, or the link is more ' +
                  'than an hour old. If you can no longer sign in with this address, write to support.',
              })}
        </p>
        <p>
          {translate({
            id: 'theme.xenon.cancelChange.next',
            message:
              'If you did not ask for the change, someone else was signed in to your account. Choose a new password ' +
              'now: that signs out all devices.',
          })}
        </p>
        <Link className="button button--primary button--block" to={paths.forgotPassword}>
          {translate({ id: 'theme.xenon.cancelChange.reset', message: 'Choose a new password' })}
        </Link>
      </SuccessNotice>
    );
  }
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} retryInSeconds={retryInSeconds} />
      <SubmitButton busy={busy} retryInSeconds={retryInSeconds} block>
        {translate({ id: 'theme.xenon.cancelChange.submit', message: 'Stop the change' })}
      </SubmitButton>
    </form>
  );
}
