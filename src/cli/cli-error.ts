import { inspect } from 'node:util';
import { isKvError, KvError } from '../common/errors/kv-error.js';
import { type CliIo, EXIT_FAILURE, EXIT_USAGE } from './cli-io.interface.js';

/** A command line that nobody understands. */
export function usageError(message: string, remedy: string): KvError {
  return new KvError('KV_CLI_USAGE', message, { kind: 'config', remedy });
}

/** Prints an error for people, with its code; its stack and its causes only on demand. @returns the exit code. */
export function reportError(error: unknown, io: CliIo, debug: boolean): number {
  const known = isKvError(error) ? error : undefined;
  const message = error instanceof Error ? error.message : String(error);
  io.err(`kvnest: ${message}\n`);
  if (known?.remedy !== undefined) io.err(`${known.remedy}\n`);
  if (known !== undefined) io.err(`(${known.code} in docs/errors.md)\n`);
  if (debug) io.err(`${inspect(error)}\n`);
  return known?.kind === 'config' ? EXIT_USAGE : EXIT_FAILURE;
}
