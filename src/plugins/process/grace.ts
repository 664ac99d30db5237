/** For what a process leaves behind when it, or the server, ends by itself: SIGTERM, this long, SIGKILL. */
export const ORPHAN_GRACE_MS = 500;

/** What has not died so long after SIGKILL is not waited for. */
export const KILL_DEADLINE_MS = 5000;

/** Whole milliseconds that a timer can wait. */
export function wholeGraceMs(graceMs: number): number {
  return Math.min(Math.max(0, Math.ceil(graceMs)), 24 * 60 * 60 * 1000);
}
