import { existsSync, readFileSync } from 'node:fs';
import { expect } from '@playwright/test';

export type MailKind =
  | 'verify-email'
  | 'reset-password'
  | 'change-email-confirmation'
  | 'delete-account'
  | 'email-change-notice'
  | 'magic-link'
  | 'email-otp'
  | 'two-factor-otp';

/** One line of MAIL_FILE. */
export interface Mail {
  readonly kind: MailKind;
  readonly to: string;
  readonly url: string;
  readonly token: string;
  readonly newEmail?: string;
  readonly at: string;
}

export interface Mails {
  /** Waits for a new mail of a kind to an email address, and returns its link. Each mail is returned once. */
  readonly waitForLink: (kind: MailKind, to: string) => Promise<string>;
  /** Waits for a new mail of a kind to an email address, and returns its token or code. Each mail is returned once. */
  readonly waitForToken: (kind: MailKind, to: string) => Promise<string>;
  /** How many mails of a kind were sent to an email address up to now. */
  readonly count: (kind: MailKind, to: string) => number;
}

/** The mails in the outbox file of a server. */
export function openOutbox(file: string): Mails {
  const taken = new Map<string, number>();
  const mailsOf = (kind: MailKind, to: string) =>
    readMails(file).filter((mail) => mail.kind === kind && mail.to === to);
  const waitForMail = async (kind: MailKind, to: string) => {
    const key = `${kind} ${to}`;
    const next = taken.get(key) ?? 0;
    await expect
      .poll(() => mailsOf(kind, to).length, { message: `number of mails of kind ${kind} to ${to} in the outbox` })
      .toBeGreaterThan(next);
    const mails = mailsOf(kind, to);
    taken.set(key, mails.length);
    return mails.at(-1);
  };
  return {
    count: (kind, to) => mailsOf(kind, to).length,
    waitForLink: async (kind, to) => (await waitForMail(kind, to))?.url ?? '',
    waitForToken: async (kind, to) => (await waitForMail(kind, to))?.token ?? '',
  };
}

function readMails(file: string): Mail[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1); // the last line may be incomplete
  return lines.map((line) => JSON.parse(line) as Mail);
}
