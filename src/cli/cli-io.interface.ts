/** What a command sees of the world; tests give their own. */
export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
}

/** One command of the program. */
export interface CliCommand {
  /** All of `kvnest <name> --help`. */
  readonly help: string;
  /** @returns the exit code; undefined = the program goes on running. */
  run(args: readonly string[], io: CliIo): Promise<number | undefined>;
}

export const EXIT_OK = 0;
export const EXIT_FAILURE = 1;
/** A mistake of the user: a wrong option or a wrong configuration. */
export const EXIT_USAGE = 2;
