import { expect, it } from '@jest/globals';
import { remoteFailed, remoteProtocol, remoteRefused, remoteUnreachable } from './connector-errors.js';

it('what a store says is one line of some length, and says nothing to terminals', () => {
  const said = `ERR\r\n\u001b[2J[Nest] all is well\u2028\u009b${'x'.repeat(70_000)}`;
  for (const error of [
    remoteRefused('s', said),
    remoteFailed('s', said, { retryable: true }),
    remoteProtocol('s', said),
    remoteUnreachable('s', new Error(said)),
  ]) {
    expect(error.message).toContain(': ERR [2J[Nest] all is well x');
    // eslint-disable-next-line no-control-regex -- these are what must not be there
    expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028]/);
    expect(error.message.length).toBeLessThan(400);
  }
});
