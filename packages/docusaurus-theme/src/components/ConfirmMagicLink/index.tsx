import Link from '@docusaurus/Link';
import { useHistory } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import { callAuth } from '../../client/callAuth';
import { withNext } from '../../client/next';
import { currentSession } from '../../client/sessionStore';
import { paths } from '../../client/site';
import { texts } from '../../client/texts';
import { useFinishSignIn } from '../../client/useFinishSignIn';
import { useSubmit } from '../../client/useSubmit';
import FormMessage from '../FormMessage';
import SubmitButton from '../SubmitButton';

interface Props {
  readonly token: string;
  /** The page to open after the sign-in. */
  readonly next: string;
}

/** A button that signs in with the token of a mailed link. */
export default function ConfirmMagicLink({ token, next }: Props): ReactNode {
  const history = useHistory();
  const finishSignIn = useFinishSignIn(next);
  const { busy, failure, retryInSeconds, onSubmit } = useSubmit(async () => {
    const { data, failure } = await callAuth<unknown>((client, fetchOptions) =>
      client.$fetch('/magic-link/verify', { method: 'POST', body: { token }, ...fetchOptions }),
    );
    const failed = failure ?? (await finishSignIn(data));
    if (!failed && currentSession().status === 'signed-in') history.replace(next);
    return failed;
  });
  return (
    <form onSubmit={onSubmit} method="post">
      <FormMessage failure={failure} retryInSeconds={retryInSeconds}>
        {failure?.code === 'INVALID_TOKEN' && (
          <p>
            <Link to={withNext(paths.mailSignIn, next)}>
              {translate({ id: 'theme.xenon.magicLink.again', message: 'Get a new link or a code' })}
            </Link>
          </p>
        )}
      </FormMessage>
      <SubmitButton busy={busy} retryInSeconds={retryInSeconds} block>
        {texts.signIn()}
      </SubmitButton>
    </form>
  );
}
