import { failureOf, type Outcome, toFailure } from './failure';
import { fetchOrNetworkError, NetworkError } from './network';
import { apiUrlOf } from './site';

/** The possible answers to the profile's questions, in the order of the form. */
export const profileChoices = {
  age_range: ['under_18', '18_24', '25_34', '35_plus'],
  education_level: ['high_school', 'undergrad', 'masters', 'phd', 'self_taught'],
  tech_background: ['software_engineer', 'hardware_engineer', 'student', 'hobbyist'],
  primary_goal: ['career_switch', 'academic', 'hobby_project', 'startup_founder'],
  learning_mode: ['visual', 'textual', 'code_first'],
  learning_speed: ['intensive', 'balanced', 'casual'],
} as const;

export type ChoiceField = keyof typeof profileChoices;

/** A person's answers; null is no answer. */
export type Answers = { [F in ChoiceField]: (typeof profileChoices)[F][number] | null } & {
  time_per_week: number | null;
  preferred_language: string;
};

export type Profile = Answers & { id: string; user_id: string; created_at: string; updated_at: string };

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
  body?: Partial<Answers>,
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
    if (!response.ok) return { failure: failureOf(response.status, readErrorCode(answer), response.headers) };
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

function readErrorCode(answer: unknown): string | undefined {
  return isObject(answer) && typeof answer['error_code'] === 'string' ? answer['error_code'] : undefined;
}

/** Reads a profile from a response of the API; undefined for anything else. An unknown choice is no answer. */
export function parseProfile(answer: unknown): Profile | undefined {
  if (!isObject(answer)) return undefined;
  const readText = (name: string) => (typeof answer[name] === 'string' ? answer[name] : undefined);
  const { time_per_week: hours } = answer;
  const [id, user_id] = [readText('id'), readText('user_id')];
  if (id === undefined || user_id === undefined) return undefined;
  const readChoice = <F extends ChoiceField>(field: F): Answers[F] => {
    const known: readonly string[] = profileChoices[field];
    return (known.includes(readText(field) ?? '') ? answer[field] : null) as Answers[F];
  };
  return {
    id,
    user_id,
    created_at: readText('created_at') ?? '',
    updated_at: readText('updated_at') ?? '',
    age_range: readChoice('age_range'),
    education_level: readChoice('education_level'),
    tech_background: readChoice('tech_background'),
    primary_goal: readChoice('primary_goal'),
    learning_mode: readChoice('learning_mode'),
    learning_speed: readChoice('learning_speed'),
    time_per_week: typeof hours === 'number' ? hours : null,
    preferred_language: readText('preferred_language') ?? 'en',
  };
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
export function createProfile(caller: Caller, answers: Partial<Answers>): Promise<Outcome<ProfileVersion>> {
  return retryWithNewToken(caller, () => callProfileAPI(caller, 'POST', answers));
}

/** Changes the given fields; failure `PROFILE_CHANGED` when the profile is no longer the version that was read. */
export function updateProfile(
  caller: Caller,
  changes: Partial<Answers>,
  etag: string,
): Promise<Outcome<ProfileVersion>> {
  return retryWithNewToken(caller, () => callProfileAPI(caller, 'PUT', changes, etag));
}

/** The answers of a profile. Without a profile, every answer is null, except preferred_language, which is 'en'. */
export function answersOf(profile?: Profile): Answers {
  return {
    age_range: profile?.age_range ?? null,
    education_level: profile?.education_level ?? null,
    tech_background: profile?.tech_background ?? null,
    primary_goal: profile?.primary_goal ?? null,
    learning_mode: profile?.learning_mode ?? null,
    learning_speed: profile?.learning_speed ?? null,
    time_per_week: profile?.time_per_week ?? null,
    preferred_language: profile?.preferred_language ?? 'en',
  };
}

/** The fields in which `to` differs from `from`. */
export function changedAnswers(from: Answers, to: Answers): Partial<Answers> {
  return Object.fromEntries(Object.entries(to).filter(([field, value]) => from[field as keyof Answers] !== value));
}

/**
 * Merges two changes of the same version: `theirs`, with the fields that `mine` changed. `both` lists the fields that
 * both changed to different values.
 */
export function mergeAnswers(
  base: Answers,
  mine: Answers,
  theirs: Answers,
): { answers: Answers; both: Array<keyof Answers> } {
  const my = changedAnswers(base, mine);
  const both = (Object.keys(my) as Array<keyof Answers>).filter(
    (f) => f in changedAnswers(base, theirs) && my[f] !== theirs[f],
  );
  return { answers: { ...theirs, ...my }, both };
}
