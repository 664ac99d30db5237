import { describe, expect, it } from '@jest/globals';
import {
  arrayHeader,
  booleanReply,
  bulkHeader,
  bulkReply,
  doubleReply,
  encodeReply,
  errorReply,
  integerReply,
  mapHeader,
  nullArrayReply,
  nullReply,
  RESP_CRLF,
  RESP_EMPTY_ARRAY,
  RESP_OK,
  RESP_ONE,
  RESP_ZERO,
  type RespReply,
  simpleReply,
} from './resp-writer.js';

describe('replies', () => {
  it.each([
    [RESP_CRLF, '\r\n'],
    [RESP_OK, '+OK\r\n'],
    [RESP_ZERO, ':0\r\n'],
    [RESP_ONE, ':1\r\n'],
    [RESP_EMPTY_ARRAY, '*0\r\n'],
    [simpleReply('QUEUED'), '+QUEUED\r\n'],
    [simpleReply('a\r\nb'), '+a  b\r\n'],
    [errorReply("ERR unknown command 'é\n'"), "-ERR unknown command 'é '\r\n"],
    [integerReply(0), ':0\r\n'],
    [integerReply(1), ':1\r\n'],
    [integerReply(-2), ':-2\r\n'],
    [integerReply(2n ** 62n), ':4611686018427387904\r\n'],
    [bulkHeader(33_554_432), '$33554432\r\n'],
    [bulkReply('é'), '$2\r\né\r\n'],
    [bulkReply(Buffer.from('a\r\n')), '$3\r\na\r\n\r\n'],
    [nullReply(2), '$-1\r\n'],
    [nullReply(3), '_\r\n'],
    [nullArrayReply(2), '*-1\r\n'],
    [nullArrayReply(3), '_\r\n'],
    [arrayHeader(3), '*3\r\n'],
    [mapHeader(2, 2), '*4\r\n'],
    [mapHeader(2, 3), '%2\r\n'],
    [doubleReply(1.5, 2), '$3\r\n1.5\r\n'],
    [doubleReply(1.5, 3), ',1.5\r\n'],
    [doubleReply(Infinity, 3), ',inf\r\n'],
    [doubleReply(-Infinity, 3), ',-inf\r\n'],
    [doubleReply(Number.NaN, 3), ',nan\r\n'],
    [booleanReply(true, 2), ':1\r\n'],
    [booleanReply(false, 2), ':0\r\n'],
    [booleanReply(true, 3), '#t\r\n'],
    [booleanReply(false, 3), '#f\r\n'],
  ])('%#', (reply, text) => {
    expect(reply.toString()).toBe(text);
  });
});

describe('encodeReply', () => {
  const reply = new Map<string, RespReply>([
    ['proto', 3],
    ['modules', []],
    ['limits', [null, 0.5, true, 7n, Buffer.from('x')]],
  ]);

  it('writes a tree in version 3', () => {
    expect(encodeReply(reply, 3).toString()).toBe(
      '%3\r\n$5\r\nproto\r\n:3\r\n$7\r\nmodules\r\n*0\r\n' +
        '$6\r\nlimits\r\n*5\r\n_\r\n,0.5\r\n#t\r\n:7\r\n$1\r\nx\r\n',
    );
  });

  it('writes a tree in version 2', () => {
    expect(encodeReply(reply, 2).toString()).toBe(
      '*6\r\n$5\r\nproto\r\n:3\r\n$7\r\nmodules\r\n*0\r\n' +
        '$6\r\nlimits\r\n*5\r\n$-1\r\n$3\r\n0.5\r\n:1\r\n:7\r\n$1\r\nx\r\n',
    );
  });
});
