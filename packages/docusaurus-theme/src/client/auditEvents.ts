import { callAdmin } from './admin';
import type { Outcome } from './failure';

/** A record of the audit log that concerns a user. */
export interface AuditEvent {
  readonly requestId: string;
  readonly time: Date;
  /** Such as `sign-in`. */
  readonly event: string;
  readonly result: 'ok' | 'refused' | 'failed';
  readonly status: number;
  /** The reason of a refusal; may be empty. */
  readonly code: string;
  /** The user who sent the request; empty without a session. */
  readonly userId: string;
  /** The user whom an administrator read or changed, or empty. */
  readonly subject: string;
  /** The administrator who acted as the user `userId`, or empty. */
  readonly impersonatedBy: string;
  readonly ip: string;
  readonly agent: string;
}

/** A page of events, newest first. */
export interface AuditPage {
  readonly events: readonly AuditEvent[];
  /** Of the next page; undefined on the last one. */
  readonly cursor: string | undefined;
}

/** Loads a page of the audit events of a user. Better Auth's client has no method for it, and its server no route. */
export async function listAuditEvents(userId: string, cursor?: string): Promise<Outcome<AuditPage>> {
  const { data, failure } = await callAdmin<unknown>((_, fetchOptions, client) =>
    client.$fetch('/admin/list-audit-events', {
      method: 'GET',
      query: { userId, ...(cursor !== undefined && { cursor }) },
      ...fetchOptions,
    }),
  );
  return failure ? { failure } : { data: parseAuditPage(data) };
}

/** Reads an answer. It leaves out entries that are no events. */
export function parseAuditPage(answer: unknown): AuditPage {
  if (!isObject(answer) || !Array.isArray(answer['events'])) return { events: [], cursor: undefined };
  const { cursor } = answer;
  return {
    events: answer['events'].flatMap((entry: unknown) => parseEvent(entry) ?? []),
    cursor: typeof cursor === 'string' && cursor !== '' ? cursor : undefined,
  };
}

function parseEvent(entry: unknown): AuditEvent | undefined {
  if (!isObject(entry)) return undefined;
  const readText = (name: string) => (typeof entry[name] === 'string' ? entry[name] : '');
  const { time, status } = entry; // the client turns texts that are times into Date
  const at = time instanceof Date ? time : new Date(readText('time'));
  const event = readText('event');
  if (event === '' || Number.isNaN(at.getTime())) return undefined;
  const result = readText('result');
  return {
    requestId: readText('requestId'),
    time: at,
    event,
    result: result === 'ok' || result === 'refused' ? result : 'failed',
    status: typeof status === 'number' ? status : 0,
    code: readText('code'),
    userId: readText('userId'),
    subject: readText('subject'),
    impersonatedBy: readText('impersonatedBy'),
    ip: readText('ip'),
    agent: readText('agent'),
  };
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null;
}
