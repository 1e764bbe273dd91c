// A wait of this many seconds or more is shown in minutes, and the sign-in form then offers a password reset.
const longWaitSeconds = 120;

/** Whether a wait is shown in minutes. */
export function isLongWait(seconds: number): boolean {
  return seconds >= longWaitSeconds;
}

/** Rounds a wait up to whole minutes. */
export function roundUpToMinutes(seconds: number): number {
  return Math.ceil(seconds / 60);
}
