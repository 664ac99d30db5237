import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Waits until the process is gone. @returns how it ended: `exit code 1` or the name of a signal. */
export async function exitOf(child: ChildProcess): Promise<string> {
  if (!hasExited(child)) await once(child, 'exit');
  return child.signalCode ?? `exit code ${child.exitCode}`;
}
