import { describe, expect, it } from '@jest/globals';
import { encodeReply } from '../../protocols/resp/resp-writer.js';
import { encodeCommand, encodeSet } from './resp-request.js';

describe('requests', () => {
  it.each([
    [['PING']],
    [['SET', 'ключ', '']],
    [['GET', Buffer.from([0, 255, 13, 10, 0xc3])]],
    [['DEL', new Uint8Array([1, 2, 3, 4]).subarray(1, 3), 'a\r\n$1\r\n']],
  ])('are arrays of bulks: %j', (args: readonly (string | Uint8Array)[]) => {
    expect(encodeCommand(...args)).toEqual(encodeReply(args, 2));
  });

  it('SET a value in parts, with and without options', () => {
    const value = [Buffer.from('abc'), Buffer.alloc(0), Buffer.from([0, 255])];
    const whole = Buffer.concat(value);
    expect(Buffer.concat(encodeSet('k', value))).toEqual(encodeCommand('SET', 'k', whole));
    expect(encodeSet('k', value)[1]).toBe(value[0]);
    expect(Buffer.concat(encodeSet('k', value, ['PXAT', '17']))).toEqual(
      encodeCommand('SET', 'k', whole, 'PXAT', '17'),
    );
    expect(Buffer.concat(encodeSet('k', []))).toEqual(encodeCommand('SET', 'k', ''));
  });
});
