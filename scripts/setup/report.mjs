/** A step that cannot be done, with a message for the user. */
export class SetupError extends Error {}

export function say(message) {
  console.log(`setup: ${message}`);
}

/** Ends the program; an error that nobody foresaw keeps its stack. */
export function fail(error) {
  console.error(error instanceof SetupError ? `setup: ${error.message}` : error);
  process.exit(1);
}
