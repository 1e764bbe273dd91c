import { translate } from '@docusaurus/Translate';

/** Texts that more than one component shows. */
export const texts = {
  offline: (): string =>
    translate({
      id: 'theme.xenon.error.OFFLINE',
      message: 'We cannot reach the server. Nothing is lost: try again.',
    }),
  busy: (): string => translate({ id: 'theme.xenon.form.busy', message: 'One moment …' }),
  cancel: (): string => translate({ id: 'theme.xenon.form.cancel', message: 'Cancel' }),
  email: (): string => translate({ id: 'theme.xenon.form.email', message: 'E-mail address' }),
  name: (): string => translate({ id: 'theme.xenon.form.name', message: 'Name' }),
  password: (): string => translate({ id: 'theme.xenon.form.password', message: 'Password' }),
  otherAddress: (): string => translate({ id: 'theme.xenon.mail.otherAddress', message: 'Use another address' }),
  retry: (): string => translate({ id: 'theme.xenon.form.retry', message: 'Try again' }),
  usedLink: (): string => translate({ id: 'theme.xenon.link.used', message: 'This link no longer works' }),
  usedLinkReason: (): string =>
    translate({
      id: 'theme.xenon.link.used.text',
      message: 'It was used already, or it is more than an hour old. Request a new link.',
    }),
  forgotPassword: (): string => translate({ id: 'theme.xenon.login.forgot', message: 'Forgot your password?' }),
  register: (): string => translate({ id: 'theme.xenon.login.register', message: 'Register' }),
  showPassword: (): string => translate({ id: 'theme.xenon.password.show', message: 'Show password' }),
  noAnswer: (): string => translate({ id: 'theme.xenon.profile.noAnswer', message: 'No answer' }),
  secondStep: (): string => translate({ id: 'theme.xenon.secondFactor.title', message: 'Second step' }),
  startAgain: (): string => translate({ id: 'theme.xenon.secondFactor.restart', message: 'Start again' }),
  signIn: (): string => translate({ id: 'theme.xenon.register.signIn', message: 'Sign in' }),
} as const;
