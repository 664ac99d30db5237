/** What went wrong, for one line of a log. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'an unknown error';
}
