// A wait of this many seconds or more is shown in minutes, and the sign-in form then offers a password reset.
const long = 120;

/** Whether a wait is shown in minutes. */
export function isLong(seconds: number): boolean {
  return seconds >= long;
}

/** Rounds a wait up to whole minutes. */
export function inMinutes(seconds: number): number {
  return Math.ceil(seconds / 60);
}
