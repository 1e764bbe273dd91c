import { failureOf, type Outcome, offline } from './failure';

/** The possible answers to the profile's questions, in the order of the form. */
export const choices = {
  age_range: ['under_18', '18_24', '25_34', '35_plus'],
  education_level: ['high_school', 'undergrad', 'masters', 'phd', 'self_taught'],
  tech_background: ['software_engineer', 'hardware_engineer', 'student', 'hobbyist'],
  primary_goal: ['career_switch', 'academic', 'hobby_project', 'startup_founder'],
  learning_mode: ['visual', 'textual', 'code_first'],
  learning_speed: ['intensive', 'balanced', 'casual'],
} as const;

export type ChoiceField = keyof typeof choices;

/** A person's answers; null is no answer. */
export type Answers = { [F in ChoiceField]: (typeof choices)[F][number] | null } & {
  time_per_week: number | null;
  preferred_language: string;
};

export type Profile = Answers & { id: string; user_id: string; created_at: string; updated_at: string };

/** A profile and the ETag of the version that was read, which is sent as If-Match when it is saved. */
export interface Version {
  readonly profile: Profile;
  readonly etag: string;
}

/** Provides the person's JWT. */
export interface Caller {
  readonly getToken: () => Promise<Outcome<string>>;
  readonly clearToken: () => void;
}

async function call(caller: Caller, method: string, body?: Partial<Answers>, etag?: string): Promise<Outcome<Version>> {
  const token = await caller.getToken();
  if (token.failure) return token;
  try {
    const response = await fetch('/api/profile', {
      method,
      headers: {
        authorization: `Bearer ${token.data}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(etag && { 'if-match': etag }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json().catch(() => ({}))) as Profile & { error_code?: string };
    if (!response.ok) return { failure: failureOf(response.status, answer.error_code, response.headers) };
    return { data: { profile: answer, etag: response.headers.get('etag') ?? '' } };
  } catch {
    return { failure: offline };
  }
}

// The API can reject a token that has not expired, for example because its key was retired. Then a new one is fetched,
// once.
async function withToken(caller: Caller, send: () => Promise<Outcome<Version>>): Promise<Outcome<Version>> {
  const first = await send();
  if (first.failure?.code !== 'INVALID_TOKEN') return first;
  caller.clearToken();
  return send();
}

/** Reads the caller's profile; failure `PROFILE_NOT_FOUND` when there is none yet. */
export function readProfile(caller: Caller): Promise<Outcome<Version>> {
  return withToken(caller, () => call(caller, 'GET'));
}

/** Creates the caller's profile; failure `PROFILE_ALREADY_EXISTS` when another tab has created it. */
export function createProfile(caller: Caller, answers: Partial<Answers>): Promise<Outcome<Version>> {
  return withToken(caller, () => call(caller, 'POST', answers));
}

/** Changes the given fields; failure `PROFILE_CHANGED` when the profile is no longer the version that was read. */
export function updateProfile(caller: Caller, changes: Partial<Answers>, etag: string): Promise<Outcome<Version>> {
  return withToken(caller, () => call(caller, 'PUT', changes, etag));
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
export function changed(from: Answers, to: Answers): Partial<Answers> {
  return Object.fromEntries(Object.entries(to).filter(([field, value]) => from[field as keyof Answers] !== value));
}

/**
 * Merges two changes of the same version: `theirs`, with the fields that `mine` changed. `both` lists the fields that
 * both changed to different values.
 */
export function merge(base: Answers, mine: Answers, theirs: Answers): { answers: Answers; both: Array<keyof Answers> } {
  const my = changed(base, mine);
  const both = (Object.keys(my) as Array<keyof Answers>).filter(
    (f) => f in changed(base, theirs) && my[f] !== theirs[f],
  );
  return { answers: { ...theirs, ...my }, both };
}
