import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';
import { callApi } from '../../auth/client';
import { useSubmit } from '../../auth/useSubmit';
import FormMessage from '../FormMessage';
import FormResult from '../FormResult';
import SubmitButton from '../SubmitButton';

/** Stops a change of email address with the token of a mail. The token is undefined until it has been read. */
export default function CancelEmailChange({ token }: { readonly token: string | undefined }): ReactNode {
  const [stopped, setStopped] = useState(false);
  const { busy, failure, wait, onSubmit } = useSubmit(async () => {
    if (token === undefined) return undefined;
    const { failure } = await callApi((client, fetchOptions) =>
      client.$fetch('/cancel-email-change', { method: 'POST', body: { token }, ...fetchOptions }),
    );
    if (!failure) setStopped(true);
    return failure;
  });
  if (stopped || failure?.code === 'INVALID_TOKEN') {
    return (
      <FormResult>
        <p>
          {stopped
            ? translate({
                id: 'cancelChange.done',
                message: 'The change is stopped. Your account keeps its e-mail address.',
              })
            : translate({
                id: 'cancelChange.used',
                message:
                  'There is nothing to stop any more: the change was already stopped or made, or the link is more ' +
                  'than an hour old. If you can no longer sign in with this address, write to support.',
              })}
        </p>
        <p>
          {translate({
            id: 'cancelChange.next',
            message:
              'If you did not ask for the change, someone else was signed in to your account. Choose a new password ' +
              'now: that signs out all devices.',
          })}
        </p>
        <Link className="button button--primary button--block" to="/forgot-password/">
          {translate({ id: 'cancelChange.reset', message: 'Choose a new password' })}
        </Link>
      </FormResult>
    );
  }
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} wait={wait} />
      <SubmitButton busy={busy} wait={wait} block>
        {translate({ id: 'cancelChange.submit', message: 'Stop the change' })}
      </SubmitButton>
    </form>
  );
}
