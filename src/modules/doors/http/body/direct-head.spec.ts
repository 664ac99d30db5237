import { describe, expect, it } from '@jest/globals';
import { findDirectHead, hideLength } from './direct-head.js';

function head(...lines: readonly string[]): Buffer {
  return Buffer.from([...lines, '', ''].join('\r\n'), 'latin1');
}

const PUT = 'PUT /v1/objects/k HTTP/1.1';

describe('findDirectHead', () => {
  it.each([
    ['a PUT', head(PUT, 'Host: a', 'Content-Length: 7'), 7],
    ['a store', head('POST /v1/prefix/store HTTP/1.1', 'Content-Length: 7'), 7],
    ['any case and spaces', head(PUT, 'cOnTeNt-LeNgTh: \t 123 '), 123],
    ['a length first', head(PUT, 'Content-Length:5', 'Host: a'), 5],
  ])('takes %s', (_name, bytes, bodyBytes) => {
    expect(findDirectHead(bytes)).toMatchObject({ headBytes: bytes.length, bodyBytes });
  });

  it.each([
    ['another request', head('GET /v1/objects/k HTTP/1.1', 'Content-Length: 7')],
    ['another route', head('PUT /v1/other HTTP/1.1', 'Content-Length: 7')],
    ['no length', head(PUT, 'Host: a')],
    ['no body', head(PUT, 'Content-Length: 0')],
    ['two lengths', head(PUT, 'Content-Length: 7', 'Content-Length: 7')],
    ['a length and one that is none', head(PUT, 'Content-Length: 7', 'Content-Length: x')],
    ['a length with a space in front of the colon', head(PUT, 'Content-Length: 7', 'Content-Length : 8')],
    ['a signed length', head(PUT, 'Content-Length: +7')],
    ['a list of lengths', head(PUT, 'Content-Length: 7, 7')],
    ['a folded length', head(PUT, 'Content-Length: 7', ' 7')],
    ['a folded line', head(PUT, 'X: y', ' z', 'Content-Length: 7')],
    ['a line feed alone', head(PUT, 'X: y\nTransfer-Encoding: chunked', 'Content-Length: 7')],
    ['a carriage return alone', head(PUT, 'Content-Length: 7', 'X: y\rz')],
    ['a length beyond all measure', head(PUT, 'Content-Length: 9999999999999999')],
    ['chunks', head(PUT, 'Content-Length: 7', 'Transfer-Encoding: chunked')],
    ['an upgrade', head(PUT, 'Content-Length: 7', 'Upgrade: h2c')],
    ['our own name for the length', head(PUT, 'Content-Length: 7', 'X-Kvnest-Bytes: 7')],
    ['a head that is not complete', head(PUT, 'Content-Length: 7').subarray(0, -1)],
    ['the end of a line that is no end of a line', Buffer.from(`${PUT}\nContent-Length: 7\n\r\n\r\n`)],
    ['nothing', Buffer.alloc(0)],
  ])('leaves %s to the parser', (_name, bytes) => {
    expect(findDirectHead(bytes)).toBeUndefined();
  });
});

describe('hideLength', () => {
  it('changes nothing but the name of the length', () => {
    const bytes = head(PUT, 'Host: a', 'Content-Length: 7', 'X: y');
    const found = findDirectHead(bytes);
    if (found !== undefined) hideLength(bytes, found);
    expect(bytes.toString()).toBe(head(PUT, 'Host: a', 'x-kvnest-bytes: 7', 'X: y').toString());
  });
});
