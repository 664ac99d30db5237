import { spawnSync } from 'node:child_process';
import { describe } from '@jest/globals';

const ENGINE = new URL('../../examples/llama-cpp/engine/llama-engine.ts', import.meta.url).href;
const LOAD = `const { startLlama } = await import('${ENGINE}'); await (await startLlama()).dispose();`;

/**
 * `describe`, or `describe.skip` with one line that says why where llama.cpp does not load: a platform without a
 * prebuilt library, or an installation without the examples. Under CI nothing is skipped.
 */
export function describeWithLlama(): typeof describe | typeof describe.skip {
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', LOAD], {
    encoding: 'utf8',
  });
  if (status === 0 || process.env['CI'] === 'true') return describe;
  const reason = /^\w*Error.*$/m.exec(stderr)?.[0] ?? `exit code ${status}`;
  process.stderr.write(
    `skipped: llama.cpp does not load on ${process.platform}-${process.arch} (${reason})\n`,
  );
  return describe.skip;
}
