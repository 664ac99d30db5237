import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type describe } from '@jest/globals';
import { describeWithPeer } from './peer.ts';

const CHECK = fileURLToPath(new URL('../../examples/llama-cpp/check-platform.ts', import.meta.url));

/**
 * `describe`, or `describe.skip` with one line that says why where llama.cpp does not load: a platform without a
 * prebuilt library, or an installation without the examples. Under CI nothing is skipped.
 */
export function describeWithLlama(): typeof describe | typeof describe.skip {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CHECK], { encoding: 'utf8' });
  const reason = (): string => stdout.trim() || (/^Error.*$/m.exec(stderr)?.[0] ?? `exit code ${status}`);
  return describeWithPeer(status === 0 ? undefined : reason());
}
