import type { ReactNode } from 'react';
import { auth, setSecondStep, useSecondStep } from './auth';
import { type Answer, Form } from './Form';

/** Every way to sign in. */
export function SignIn(): ReactNode {
  return (
    <>
      <Form title="Sign in" fields={['email', 'password']} call={(typed) => auth.signIn.email(typed)} />
      <Form
        title="Mail me a link"
        fields={['email']}
        call={({ email }) => auth.signIn.magicLink({ email, callbackURL: '/', newUserCallbackURL: '/?new' })}
      />
      <Form
        title="Mail me a code"
        fields={['email']}
        call={({ email }) => auth.emailOtp.sendVerificationOtp({ email, type: 'sign-in' })}
      />
      <Form
        title="Sign in with the code"
        fields={['email', 'code']}
        call={({ email, code }) => auth.signIn.emailOtp({ email, otp: code })}
      />
    </>
  );
}

/** The second step of a sign-in, after the client has called onTwoFactorRedirect. */
export function SecondStep(): ReactNode {
  const methods = useSecondStep();
  if (methods.length === 0) return null;
  const endAfter = async (answer: Promise<Answer>) => {
    const { error } = await answer;
    if (!error) setSecondStep([]);
    return { error };
  };
  return (
    <section aria-label="Second step">
      <p>{methods.join(', ')}</p>
      <Form
        title="Send the code of the app"
        fields={['code']}
        call={({ code }) => endAfter(auth.twoFactor.verifyTotp({ code }))}
      />
      <Form
        title="Send it and trust this device"
        fields={['code']}
        call={({ code }) => endAfter(auth.twoFactor.verifyTotp({ code, trustDevice: true }))}
      />
      <Form
        title="Send a backup code"
        fields={['code']}
        call={({ code }) => endAfter(auth.twoFactor.verifyBackupCode({ code }))}
      />
    </section>
  );
}
