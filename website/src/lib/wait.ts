// Seconds from which a wait is shown in minutes, and a form offers an alternative.
const long = 120;

/** Whether a wait is long enough to show it in minutes and to offer an alternative. */
export function isLong(seconds: number): boolean {
  return seconds >= long;
}

/** Rounds a wait up to whole minutes. */
export function inMinutes(seconds: number): number {
  return Math.ceil(seconds / 60);
}
