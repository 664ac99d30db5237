import { spawnSync } from 'node:child_process';
import { describe } from '@jest/globals';

/**
 * `describe` for tests against a real peer. Where the peer is missing they are skipped, with one line that says why;
 * under CI nothing is skipped, so that a missing peer is a failure.
 *
 * @param missing why the peer is not there, undefined when it is.
 */
export function describeWithPeer(missing: string | undefined): typeof describe | typeof describe.skip {
  if (missing === undefined || process.env['CI'] === 'true') return describe;
  process.stderr.write(`skipped: ${missing}\n`);
  return describe.skip;
}

/** As `describeWithPeer` for what no set-up can bring, like a GPU: skipped under CI, too. */
export function describeWithDevice(missing: string | undefined): typeof describe | typeof describe.skip {
  if (missing === undefined) return describe;
  process.stderr.write(`skipped: ${missing}\n`);
  return describe.skip;
}

/** @returns why a command cannot be run, undefined when it can. */
export function missingCommand(command: string, args: readonly string[]): string | undefined {
  const { status } = spawnSync(command, args, { stdio: 'ignore' });
  return status === 0 ? undefined : `${command} does not run here; "npm test" installs it where it may`;
}
