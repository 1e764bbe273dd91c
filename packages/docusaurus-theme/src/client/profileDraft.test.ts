import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readDeclaration, shippedFile } from '../declaration/readDeclaration';
import { jsonResponse, makeToken, type ProfileServer, startProfileServer } from '../testing/profileServer';
import { type Answers, type Caller, type ProfileVersion, readProfile } from './profile';
import {
  type Draft,
  draftOf,
  hasUnsavedChanges,
  keepTyped,
  rebaseDraft,
  saveDraft,
  unsavedChanges,
} from './profileDraft';

const fields = readDeclaration(shippedFile);

let server: ProfileServer;
const caller: Caller = { getToken: async () => ({ data: makeToken('u1') }), clearToken: () => {} };
beforeEach(() => {
  server = startProfileServer();
});
afterEach(() => vi.unstubAllGlobals());

const readVersion = async (): Promise<ProfileVersion | undefined> => (await readProfile(caller)).data;
const withAnswers = (draft: Draft, answers: Answers): Draft => ({
  ...draft,
  answers: { ...draft.answers, ...answers },
});

describe('a draft', () => {
  it('without a profile has no changes until the first answer', () => {
    const draft = draftOf(fields, undefined);
    expect(hasUnsavedChanges(draft)).toBe(false);
    expect(hasUnsavedChanges(withAnswers(draft, { learning_mode: 'visual' }))).toBe(true);
  });

  it('sends only the changed fields', async () => {
    server.saveElsewhere({ learning_mode: 'visual', time_per_week: 3 });
    const { data } = await saveDraft(caller, withAnswers(draftOf(fields, await readVersion()), { time_per_week: 4 }));
    expect(data?.status).toBe('saved');
    expect(server.requests).toEqual(['GET', 'PUT {"time_per_week":4}']);
    expect(data && hasUnsavedChanges(data.draft)).toBe(false);
  });

  it('can remove an answer', async () => {
    server.saveElsewhere({ age_range: '18_24' });
    await saveDraft(caller, withAnswers(draftOf(fields, await readVersion()), { age_range: null }));
    expect(server.saved()?.age_range).toBeNull();
  });

  it('keeps the input typed while the request was running', () => {
    const sent = withAnswers(draftOf(fields, undefined), { time_per_week: 1 });
    const now = withAnswers(sent, { time_per_week: 2, learning_mode: 'visual' });
    const profile = { ...sent.answers, id: 'p', user_id: 'u1', created_at: '', updated_at: '' };
    const draft = keepTyped(sent, now, draftOf(fields, { profile, etag: '"1"' }));
    expect(unsavedChanges(draft)).toEqual({ time_per_week: 2, learning_mode: 'visual' });
  });
});

describe('when the profile was changed elsewhere', () => {
  it('both changes are kept without a conflict', async () => {
    server.saveElsewhere({ time_per_week: 3 });
    const draft = withAnswers(draftOf(fields, await readVersion()), { learning_mode: 'visual' });
    server.saveElsewhere({ time_per_week: 5, age_range: '25_34' });
    const { data } = await saveDraft(caller, draft);
    expect(data?.status).toBe('merged');
    expect(server.saved()).toMatchObject({ learning_mode: 'visual', time_per_week: 5, age_range: '25_34' });
    expect(data?.draft.answers).toMatchObject({ learning_mode: 'visual', time_per_week: 5, age_range: '25_34' });
  });

  it('nothing is saved with a conflict, until the person has chosen', async () => {
    server.saveElsewhere({ time_per_week: 3 });
    const draft = withAnswers(draftOf(fields, await readVersion()), { time_per_week: 4, learning_mode: 'visual' });
    server.saveElsewhere({ time_per_week: 5, age_range: '25_34' });
    const { data } = await saveDraft(caller, draft);
    expect(data?.status).toBe('conflict');
    expect(data?.draft.conflicts).toEqual([{ field: 'time_per_week', mine: 4, theirs: 5 }]);
    expect(server.saved()).toMatchObject({ time_per_week: 5, learning_mode: null });
    const again = await saveDraft(caller, withAnswers(data?.draft ?? draft, { time_per_week: 5 }));
    expect(again.data?.status).toBe('saved');
    expect(server.saved()).toMatchObject({ time_per_week: 5, learning_mode: 'visual', age_range: '25_34' });
  });

  it('a profile that another tab created is updated', async () => {
    const draft = withAnswers(draftOf(fields, undefined), { learning_mode: 'visual' });
    server.saveElsewhere({ time_per_week: 2 });
    const { data } = await saveDraft(caller, draft);
    expect(data?.status).toBe('merged');
    expect(server.saved()).toMatchObject({ learning_mode: 'visual', time_per_week: 2 });
  });

  it('a deleted profile is created again, with the changes', async () => {
    server.saveElsewhere({ time_per_week: 3 });
    const draft = withAnswers(draftOf(fields, await readVersion()), { learning_mode: 'visual' });
    server.removeElsewhere();
    expect((await saveDraft(caller, draft)).data?.status).toBe('merged');
    expect(server.saved()).toMatchObject({ learning_mode: 'visual' });
  });

  it('gives up after three attempts', async () => {
    server.saveElsewhere({ time_per_week: 3 });
    const draft = withAnswers(draftOf(fields, await readVersion()), { learning_mode: 'visual' });
    server.requests.length = 0;
    const busy = () => {
      server.saveElsewhere({ age_range: null });
      server.respondNext = () => {
        const profile = server.saved();
        server.respondNext = busy;
        return jsonResponse(200, profile, { etag: '"old"' });
      };
      return jsonResponse(412, { error_code: 'PROFILE_CHANGED' });
    };
    server.respondNext = busy;
    expect((await saveDraft(caller, draft)).failure?.code).toBe('PROFILE_CHANGED');
    expect(server.requests.filter((request) => request.startsWith('PUT'))).toHaveLength(3);
  });

  it('a failure to read the new version is returned', async () => {
    server.saveElsewhere({ time_per_week: 3 });
    const draft = withAnswers(draftOf(fields, await readVersion()), { learning_mode: 'visual' });
    server.saveElsewhere({ time_per_week: 5 });
    server.respondNext = () => {
      server.respondNext = () => jsonResponse(503, { error_code: 'SERVICE_UNAVAILABLE' });
      return jsonResponse(412, { error_code: 'PROFILE_CHANGED' });
    };
    expect((await saveDraft(caller, draft)).failure?.code).toBe('SERVICE_UNAVAILABLE');
  });
});

describe('rebaseDraft', () => {
  it('to the same version changes nothing, and keeps the conflicts', async () => {
    server.saveElsewhere({ time_per_week: 3 });
    const draft = {
      ...draftOf(fields, await readVersion()),
      conflicts: [{ field: 'time_per_week', mine: 1, theirs: 3 }],
    } as const;
    expect(rebaseDraft(draft, await readVersion())).toEqual(draft);
  });
});
