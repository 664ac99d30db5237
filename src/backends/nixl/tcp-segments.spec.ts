import { describe, expect, it } from '@jest/globals';
import { tcpSegments, whySegmentsDoNotFit } from './tcp-segments.js';

describe('segments of UCX over TCP', () => {
  const far = { host: 'elsewhere', hasRdma: false };
  const why = (sends: string, takes: string): string | undefined =>
    whySegmentsDoNotFit({ ...far, tcpSegments: { sends, takes: '64k' } }, { sends: '8m', takes });

  it('are 512k where the environment does not say', () => {
    expect(tcpSegments({})).toEqual({ sends: '512k', takes: '512k' });
    expect(tcpSegments({ UCX_TCP_TX_SEG_SIZE: '1m', UCX_TCP_RX_SEG_SIZE: '64kb' })).toEqual({
      sends: '1m',
      takes: '64kb',
    });
  });

  it.each([
    ['1m', '512k'],
    ['512KB', '64k'],
    ['524289', '512k'],
    ['1g', '1023MB'],
  ])('of %s do not fit one who takes %s, which is said with both', (sends, takes) => {
    expect(why(sends, takes)).toMatch(
      new RegExp(`segments of ${sends}, and here ${takes} are taken.*UCX_TCP_RX_SEG_SIZE`),
    );
  });

  it.each([
    ['512k', '512k'],
    ['64k', '512k'],
    ['1024b', '1k'],
    ['auto', '64k'],
    ['1m', 'inf'],
  ])('of %s fit one who takes %s, as far as can be told', (sends, takes) => {
    expect(why(sends, takes)).toBeUndefined();
  });

  it('fit where a peer is older and does not tell of them, and where nothing goes over TCP', () => {
    expect(whySegmentsDoNotFit({ ...far, tcpSegments: undefined })).toBeUndefined();
    const near = { ...far, tcpSegments: { sends: '1g', takes: '1g' } };
    expect(whySegmentsDoNotFit(near, tcpSegments({}), false)).toBeUndefined();
  });
});
