import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { encodeFrameHeader } from './frame.js';
import { decodeRetrieveFrame } from './retrieve-frames.js';

interface Vectors {
  readonly frames: readonly { name: string; header: object; body: string; hex: string }[];
  readonly invalid: readonly { name: string; hex: string; code: string }[];
}

const FILE = join(import.meta.dirname, '../../../test/vectors/kvnest-frames.json');
const { frames, invalid } = JSON.parse(readFileSync(FILE, 'utf8')) as Vectors;

describe('golden vectors', () => {
  it.each(frames)('$name', ({ header, body, hex }) => {
    const wire = Buffer.from(hex, 'hex');
    expect(Buffer.concat([encodeFrameHeader(header), Buffer.from(body, 'hex')]).equals(wire)).toBe(true);
    const frame = decodeRetrieveFrame(wire);
    expect(frame?.header).toEqual(header);
    expect(frame?.body.toString('hex')).toBe(body);
    expect(frame?.end).toBe(wire.length);
  });

  it.each(invalid)('$name', ({ hex, code }) => {
    expect(() => decodeRetrieveFrame(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code }));
  });
});

describe('decodeRetrieveFrame', () => {
  it('waits for every byte of a frame', () => {
    const wire = Buffer.from(frames[0]?.hex ?? '', 'hex');
    for (let length = 0; length < wire.length; length++) {
      expect(decodeRetrieveFrame(wire.subarray(0, length))).toBeUndefined();
    }
  });

  it('finds frames that follow each other', () => {
    const wire = Buffer.concat(frames.map(({ hex }) => Buffer.from(hex, 'hex')));
    const headers: object[] = [];
    for (let offset = 0; offset < wire.length;) {
      const frame = decodeRetrieveFrame(wire, offset);
      if (frame === undefined) break;
      headers.push(frame.header);
      offset = frame.end;
    }
    expect(headers).toEqual(frames.map(({ header }) => header));
  });
});
