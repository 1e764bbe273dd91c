/** From how many seconds on a wait is told in minutes, and is long enough to offer something else meanwhile. */
const long = 120;

export function isLong(seconds: number): boolean {
  return seconds >= long;
}

/** Whole minutes that are not over before the wait is. */
export function inMinutes(seconds: number): number {
  return Math.ceil(seconds / 60);
}
