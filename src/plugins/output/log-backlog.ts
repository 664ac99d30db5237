/** Beside what the pipe or the terminal holds. */
const MAX_WAITING_BYTES = 2 ** 20;

/** Whether whoever reads the log is so far behind that more lines of plugins would only fill the memory of the server. */
export function logIsBehind(): boolean {
  return process.stdout.writableLength + process.stderr.writableLength > MAX_WAITING_BYTES;
}
