import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll } from '@jest/globals';

const running = new Set<ChildProcess>();

// Jest never emits `exit` on the process that tests see, and a set-up that failed stops nothing.
afterAll(async () => {
  const left = Array.from(running);
  const ended = left.map((child) => once(child, 'exit'));
  for (const child of left) child.kill('SIGKILL');
  await Promise.all(ended);
});

/** A process that a test started: killed behind the last test of its file, if it is still there. */
export function endsWithTests<T extends ChildProcess>(child: T): T {
  if (child.pid === undefined) return child;
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}
