import type { ProfileField, ProfileFields } from '../profileFields';
import { type Failure, failureOf, type Outcome, toFailure } from './failure';
import { fetchOrNetworkError, NetworkError } from './network';
import { apiUrlOf } from './site';

export type Answer = string | number | boolean | null;

/** A person's answers by the names of the fields; null is no answer. */
export interface Answers {
  readonly [field: string]: Answer;
}

/** A profile as the API sends it. It can have fields and values that the declaration of the site does not have. */
export interface Profile extends Answers {
  readonly id: string;
  readonly user_id: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A profile and the ETag of the version that was read, which is sent as If-Match when it is saved. */
export interface ProfileVersion {
  readonly profile: Profile;
  readonly etag: string;
}

/** Provides the person's JWT. */
export interface Caller {
  readonly getToken: () => Promise<Outcome<string>>;
  readonly clearToken: () => void;
}

async function callProfileAPI(
  caller: Caller,
  method: string,
  body?: Answers,
  etag?: string,
): Promise<Outcome<ProfileVersion>> {
  const token = await caller.getToken();
  if (token.failure) return token;
  try {
    const response = await fetchOrNetworkError(apiUrlOf('/api/profile'), {
      method,
      headers: {
        authorization: `Bearer ${token.data}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(etag && { 'if-match': etag }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = await readJson(response);
    if (!response.ok) return { failure: readFailure(response, answer) };
    const profile = parseProfile(answer);
    if (!profile) return { failure: failureOf(response.status, undefined, response.headers) };
    return { data: { profile, etag: response.headers.get('etag') ?? '' } };
  } catch (error) {
    return { failure: toFailure(error) };
  }
}

/** The JSON of a response; undefined if it is something else, such as an HTML page. */
async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error instanceof TypeError ? new NetworkError('the response ended early', { cause: error }) : error;
  }
}

/** The failure for an error of the API: `{error_code, detail}`. */
function readFailure({ status, headers }: Response, answer: unknown): Failure {
  const readText = (name: string) => (isObject(answer) && typeof answer[name] === 'string' ? answer[name] : undefined);
  const detail = readText('detail');
  return { ...failureOf(status, readText('error_code'), headers), ...(detail !== undefined && { detail }) };
}

/** Reads a profile from a response of the API; undefined for anything else. Lists and objects are left out. */
export function parseProfile(answer: unknown): Profile | undefined {
  if (!isObject(answer)) return undefined;
  const { id, user_id, created_at, updated_at } = answer;
  if (typeof id !== 'string' || typeof user_id !== 'string') return undefined;
  const answers = Object.entries(answer).filter((entry): entry is [string, Answer] => isAnswer(entry[1]));
  return {
    ...Object.fromEntries(answers),
    id,
    user_id,
    created_at: typeof created_at === 'string' ? created_at : '',
    updated_at: typeof updated_at === 'string' ? updated_at : '',
  };
}

function isAnswer(value: unknown): value is Answer {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null;
}

// The API can reject a token that has not expired, for example because its key was retired. Then a new one is fetched,
// once.
async function retryWithNewToken(
  caller: Caller,
  send: () => Promise<Outcome<ProfileVersion>>,
): Promise<Outcome<ProfileVersion>> {
  const first = await send();
  if (first.failure?.code !== 'INVALID_TOKEN') return first;
  caller.clearToken();
  return send();
}

/** Reads the caller's profile; failure `PROFILE_NOT_FOUND` when there is none yet. */
export function readProfile(caller: Caller): Promise<Outcome<ProfileVersion>> {
  return retryWithNewToken(caller, () => callProfileAPI(caller, 'GET'));
}

/** Creates the caller's profile; failure `PROFILE_ALREADY_EXISTS` when another tab has created it. */
export function createProfile(caller: Caller, answers: Answers): Promise<Outcome<ProfileVersion>> {
  return retryWithNewToken(caller, () => callProfileAPI(caller, 'POST', answers));
}

/** Changes the given fields; failure `PROFILE_CHANGED` when the profile is no longer the version that was read. */
export function updateProfile(caller: Caller, changes: Answers, etag: string): Promise<Outcome<ProfileVersion>> {
  return retryWithNewToken(caller, () => callProfileAPI(caller, 'PUT', changes, etag));
}

/** The answers of a profile. Without a profile, each is the default of the field, or null. */
export function answersOf(fields: ProfileFields, profile?: Profile): Answers {
  return Object.fromEntries(fields.map((field) => [field.name, answerOf(field, profile?.[field.name])]));
}

// A value that is not among the choices is kept and shown. A value that the input cannot show is no answer: it is not
// sent, so it stays as it is.
function answerOf(field: ProfileField, value: Answer | undefined): Answer {
  if (value === undefined) return field.default ?? null;
  if (value === null) return null;
  if (field.type === 'choice' || field.type === 'text') return String(value);
  return typeof value === (field.type === 'integer' ? 'number' : 'boolean') ? value : null;
}

/** The fields in which `to` differs from `from`. */
export function changedAnswers(from: Answers, to: Answers): Answers {
  return Object.fromEntries(Object.entries(to).filter(([field, value]) => from[field] !== value));
}

/**
 * Merges two changes of the same version: `theirs`, with the fields that `mine` changed. `both` lists the fields that
 * both changed to different values.
 */
export function mergeAnswers(
  base: Answers,
  mine: Answers,
  theirs: Answers,
): { readonly answers: Answers; readonly both: readonly string[] } {
  const my = changedAnswers(base, mine);
  const their = changedAnswers(base, theirs);
  const both = Object.keys(my).filter((field) => field in their && my[field] !== theirs[field]);
  return { answers: { ...theirs, ...my }, both };
}
