import { translate } from '@docusaurus/Translate';

// What people read for the events of the audit log.
const names: Record<string, () => string> = {
  'sign-up': () => translate({ id: 'theme.xenon.admin.audit.event.sign-up', message: 'Registration' }),
  'sign-in': () => translate({ id: 'theme.xenon.admin.audit.event.sign-in', message: 'Sign-in with the password' }),
  'sign-out': () => translate({ id: 'theme.xenon.admin.audit.event.sign-out', message: 'Sign-out' }),
  token: () => translate({ id: 'theme.xenon.admin.audit.event.token', message: 'Token for an API' }),
  'password-change': () =>
    translate({ id: 'theme.xenon.admin.audit.event.password-change', message: 'Change of the password' }),
  'password-check': () =>
    translate({ id: 'theme.xenon.admin.audit.event.password-check', message: 'Check of the password' }),
  'password-reset-request': () =>
    translate({ id: 'theme.xenon.admin.audit.event.password-reset-request', message: 'Request for a new password' }),
  'password-reset-link': () =>
    translate({ id: 'theme.xenon.admin.audit.event.password-reset-link', message: 'Link for a new password opened' }),
  'password-reset': () =>
    translate({ id: 'theme.xenon.admin.audit.event.password-reset', message: 'New password set by mail' }),
  'email-verification-request': () =>
    translate({
      id: 'theme.xenon.admin.audit.event.email-verification-request',
      message: 'Request for a confirmation mail',
    }),
  'email-verification': () =>
    translate({
      id: 'theme.xenon.admin.audit.event.email-verification',
      message: 'Confirmation of the e-mail address',
    }),
  'email-change': () =>
    translate({ id: 'theme.xenon.admin.audit.event.email-change', message: 'Change of the e-mail address' }),
  'email-change-cancel': () =>
    translate({
      id: 'theme.xenon.admin.audit.event.email-change-cancel',
      message: 'Change of the e-mail address cancelled',
    }),
  'user-delete': () =>
    translate({ id: 'theme.xenon.admin.audit.event.user-delete', message: 'Deletion of the account' }),
  'user-delete-link': () =>
    translate({
      id: 'theme.xenon.admin.audit.event.user-delete-link',
      message: 'Link that deletes the account opened',
    }),
  'session-revoke': () =>
    translate({ id: 'theme.xenon.admin.audit.event.session-revoke', message: 'Sign-out of devices' }),
  'account-link': () => translate({ id: 'theme.xenon.admin.audit.event.account-link', message: 'Provider linked' }),
  'account-unlink': () =>
    translate({ id: 'theme.xenon.admin.audit.event.account-unlink', message: 'Provider removed' }),
  'magic-link-request': () =>
    translate({ id: 'theme.xenon.admin.audit.event.magic-link-request', message: 'Request for a link to sign in' }),
  'magic-link-sign-in': () =>
    translate({ id: 'theme.xenon.admin.audit.event.magic-link-sign-in', message: 'Sign-in with a mailed link' }),
  'email-code-request': () =>
    translate({ id: 'theme.xenon.admin.audit.event.email-code-request', message: 'Request for a code by mail' }),
  'email-code-check': () =>
    translate({ id: 'theme.xenon.admin.audit.event.email-code-check', message: 'Check of a mailed code' }),
  'email-code-sign-in': () =>
    translate({ id: 'theme.xenon.admin.audit.event.email-code-sign-in', message: 'Sign-in with a mailed code' }),
  'social-sign-in': () =>
    translate({ id: 'theme.xenon.admin.audit.event.social-sign-in', message: 'Sign-in with a provider begun' }),
  'social-sign-in-return': () =>
    translate({ id: 'theme.xenon.admin.audit.event.social-sign-in-return', message: 'Sign-in with a provider' }),
  'provider-token': () =>
    translate({ id: 'theme.xenon.admin.audit.event.provider-token', message: 'Token of a provider' }),
  'admin-user-read': () => translate({ id: 'theme.xenon.admin.audit.event.admin-user-read', message: 'User read' }),
  'admin-user-list': () => translate({ id: 'theme.xenon.admin.audit.event.admin-user-list', message: 'Users listed' }),
  'admin-audit-read': () =>
    translate({ id: 'theme.xenon.admin.audit.event.admin-audit-read', message: 'Audit trail read' }),
  'admin-user-create': () =>
    translate({ id: 'theme.xenon.admin.audit.event.admin-user-create', message: 'User created' }),
  'admin-user-update': () =>
    translate({ id: 'theme.xenon.admin.audit.event.admin-user-update', message: 'User changed' }),
  'admin-role-change': () =>
    translate({ id: 'theme.xenon.admin.audit.event.admin-role-change', message: 'Role changed' }),
  'admin-ban': () => translate({ id: 'theme.xenon.admin.audit.event.admin-ban', message: 'User banned' }),
  'admin-unban': () => translate({ id: 'theme.xenon.admin.audit.event.admin-unban', message: 'Ban ended' }),
  'admin-session-list': () =>
    translate({ id: 'theme.xenon.admin.audit.event.admin-session-list', message: 'Sessions listed' }),
  'admin-session-revoke': () =>
    translate({ id: 'theme.xenon.admin.audit.event.admin-session-revoke', message: 'Sessions ended' }),
  'admin-user-delete': () =>
    translate({ id: 'theme.xenon.admin.audit.event.admin-user-delete', message: 'User deleted' }),
  'admin-password-change': () =>
    translate({ id: 'theme.xenon.admin.audit.event.admin-password-change', message: 'Password set' }),
  'admin-impersonation': () =>
    translate({ id: 'theme.xenon.admin.audit.event.admin-impersonation', message: 'Acting as the user begun' }),
  'admin-impersonation-end': () =>
    translate({ id: 'theme.xenon.admin.audit.event.admin-impersonation-end', message: 'Acting as the user ended' }),
  'two-factor-enable': () =>
    translate({ id: 'theme.xenon.admin.audit.event.two-factor-enable', message: 'Two-step verification set up' }),
  'two-factor-disable': () =>
    translate({ id: 'theme.xenon.admin.audit.event.two-factor-disable', message: 'Two-step verification turned off' }),
  'two-factor-uri': () =>
    translate({ id: 'theme.xenon.admin.audit.event.two-factor-uri', message: 'Secret of the authenticator app shown' }),
  'two-factor-backup-codes': () =>
    translate({ id: 'theme.xenon.admin.audit.event.two-factor-backup-codes', message: 'New backup codes' }),
  'two-factor-code-request': () =>
    translate({
      id: 'theme.xenon.admin.audit.event.two-factor-code-request',
      message: 'Request for a code for the second step',
    }),
  'two-factor-check': () =>
    translate({ id: 'theme.xenon.admin.audit.event.two-factor-check', message: 'Code for the second step' }),
  'rate-limit': () => translate({ id: 'theme.xenon.admin.audit.event.rate-limit', message: 'Too many requests' }),
};

/** The name of an event of the audit log. An event that is newer than this code has its own name. */
export function eventName(event: string): string {
  return names[event]?.() ?? event;
}
