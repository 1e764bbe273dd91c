/** A time as text. */
export interface FormattedTime {
  /** `today`, `yesterday`, `3 days ago`, `last month`. */
  readonly relative: string;
  /** The date and the time. */
  readonly exact: string;
}

const millisecondsPerDay = 24 * 60 * 60 * 1000;

/**
 * Formats a time relative to `now`, in a language (a BCP 47 tag). It counts calendar days in the local time zone. It
 * does not use hours, because the server updates the time of a session only once a day.
 */
export function formatTime(date: Date, now: Date, language: string): FormattedTime {
  const days = Math.round((midnight(date) - midnight(now)) / millisecondsPerDay);
  const words = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const months = (date.getFullYear() - now.getFullYear()) * 12 + date.getMonth() - now.getMonth();
  return {
    relative: days > -31 ? words.format(Math.min(days, 0), 'day') : words.format(months, 'month'),
    exact: new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(date),
  };
}

// The caller rounds the difference of two midnights, since a day can have 23 or 25 hours.
function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
