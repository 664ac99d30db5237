import { describe, expect, it } from '@jest/globals';
import { parseSupervisorLine } from './supervisor-line.js';

describe('parseSupervisorLine', () => {
  it.each([
    ['started 41', { kind: 'started', pid: 41 }],
    ['failed exec 2', { kind: 'failed', step: 'exec', error: 'ENOENT' }],
    ['exited 0', { kind: 'ended', exit: { code: 0, signal: undefined } }],
    ['killed 9', { kind: 'ended', exit: { code: undefined, signal: 'SIGKILL' } }],
    ['killed 40', { kind: 'ended', exit: { code: undefined, signal: 'SIG40' } }],
  ])('reads `%s`', (line, parsed) => {
    expect(parseSupervisorLine(line)).toEqual(parsed);
  });

  it.each(['', 'started', 'started x', 'sta 4', 'exited 1.5'])('takes nothing from `%s`', (line) => {
    expect(parseSupervisorLine(line)).toBeUndefined();
  });
});
