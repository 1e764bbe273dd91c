/** A day, as people say it. */
export interface When {
  /** `today`, `yesterday`, `3 days ago`, `last month`. */
  readonly relative: string;
  /** The date and the time. */
  readonly exact: string;
}

const day = 24 * 60 * 60 * 1000;

/**
 * Says when something was, in a language (a BCP 47 tag), seen from `now`. Days are those of the calendar here, since a
 * session says of itself only once a day that it is used.
 */
export function when(date: Date, now: Date, language: string): When {
  const days = Math.round((midnight(date) - midnight(now)) / day);
  const words = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const months = (date.getFullYear() - now.getFullYear()) * 12 + date.getMonth() - now.getMonth();
  return {
    relative: days > -31 ? words.format(Math.min(days, 0), 'day') : words.format(months, 'month'),
    exact: new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(date),
  };
}

// Rounded above, since days are 23 to 25 hours long.
function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
