import { describe, expect, it } from 'vitest';
import { formatTime } from './formatTime';

const now = new Date(2026, 2, 30, 0, 30); // the day after the start of daylight saving time in Europe

describe('formatTime', () => {
  it.each([
    [new Date(2026, 2, 30, 0, 5), 'today'],
    [new Date(2026, 2, 29, 23, 59), 'yesterday'],
    [new Date(2026, 2, 28, 0, 0), '2 days ago'],
    [new Date(2026, 2, 1, 12, 0), '29 days ago'],
    [new Date(2026, 0, 31, 12, 0), '2 months ago'],
    [new Date(2026, 2, 31, 12, 0), 'today'], // the clock of the server is ahead
  ])('%s was %s', (date, relative) => {
    expect(formatTime(date, now, 'en').relative).toBe(relative);
  });

  it('uses the language of the page', () => {
    expect(formatTime(new Date(2026, 2, 29), now, 'de')).toMatchObject({
      relative: 'gestern',
      exact: expect.stringContaining('29.03.2026'),
    });
  });
});
