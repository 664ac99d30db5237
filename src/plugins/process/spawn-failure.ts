import { KvError } from '../../common/errors/kv-error.js';
import { type SupervisedCommand } from './supervised-process.interface.js';

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'Install the program, or mend the PATH, the first line of the script or the working directory.',
  EACCES: 'Make the file executable, and its folders accessible for the user of the server.',
  ENOEXEC: 'Name an interpreter in the first line of the script.',
  ENOMEM: 'Raise the memory limit of the plugin.',
  EAGAIN: 'Raise the limit of processes.',
  EMFILE: 'Raise the limit of open files.',
};

/** @param error the name of an errno, `ENOENT`. @param step what failed: `exec`, `chdir`, `memory`, … */
export function spawnFailure(
  { command, cwd }: SupervisedCommand,
  error: string,
  step: string,
  cause?: unknown,
): KvError {
  const what = step === 'chdir' ? `in ${cwd}` : step === 'exec' ? '' : `(${step})`;
  return new KvError('KV_PLUGIN_SPAWN', `${command[0]} cannot be run ${what}`.trimEnd() + `: ${error}`, {
    kind: 'config',
    remedy: REMEDIES[error] ?? 'See the error.',
    retryable: error === 'EAGAIN' || error === 'EMFILE',
    details: { command: command[0], error, step },
    cause,
  });
}

/** The name of the errno of what Node throws or emits; its message where it has none. */
export function errorName(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
