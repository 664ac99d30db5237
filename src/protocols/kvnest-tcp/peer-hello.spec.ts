import { describe, expect, it } from '@jest/globals';
import { type PeerHello, peerHelloJson, readPeerHello, type TcpSegments } from './peer-hello.js';

function hello(tcpSegments: TcpSegments | undefined): PeerHello {
  return {
    ...{ version: 1, bootId: 'boot', server: 'kvnest', maxLeaseMs: 60_000, nixlReason: undefined },
    nixl: {
      ...{ agent: 'agent', version: '1.5.1', metadata: Buffer.from('m'), host: 'host', hasRdma: false },
      tcpSegments,
      arena: { address: 2n ** 47n, bytes: 4096, recordsOffset: 0, recordBytes: 128 },
    },
  };
}

describe('the hello of a peer', () => {
  it.each([
    { sends: '512k', takes: '64k' },
    // Of who has UCX_TCP_TX_SEG_SIZE="" in its environment.
    { sends: '', takes: '512k' },
    undefined,
  ])('is read as it was written, with segments %j', (segments) => {
    expect(readPeerHello(JSON.parse(JSON.stringify(peerHelloJson(hello(segments)))))).toEqual(
      hello(segments),
    );
  });

  it.each([null, 5, '512k', [], {}, { sends: '1k' }, { sends: 1, takes: 2 }])(
    'is no worse for segments that are none: %j',
    (tcp_segments) => {
      const json = peerHelloJson(hello(undefined)) as { readonly nixl: object };
      expect(readPeerHello({ ...json, nixl: { ...json.nixl, tcp_segments } })).toEqual(hello(undefined));
    },
  );
});
