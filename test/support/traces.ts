import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from '@jest/globals';

const FOLDER = process.env['KVNEST_TRACES'] ?? '';
const IS_THERE = FOLDER !== '' && existsSync(FOLDER);

/** Mooncake's published traces; KVNEST_TRACES names the folder that they lie in. */
export const TRACES = {
  conversation: join(FOLDER, 'conversation_trace.jsonl'),
  synthetic: join(FOLDER, 'synthetic_trace.jsonl'),
} as const;

/** `describe` for tests that need the published traces, which are not in this repository; one line where they are skipped. */
export function describeWithTraces(): typeof describe | typeof describe.skip {
  if (IS_THERE) return describe;
  process.stderr.write('skipped: tests against published traces; KVNEST_TRACES names no folder with them\n');
  return describe.skip;
}
