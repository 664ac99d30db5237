import { beforeEach, describe, expect, it } from '@jest/globals';
import { remoteUnreachable } from '../../connectors/connector-errors.js';
import { type FetchOutcome } from '../../connectors/remote-connector.interface.js';
import { AutoPeerReader } from './auto-peer-reader.js';
import { nixlPeerRefused } from './nixl-errors.js';
import { type PeerIdentity, type PeerReader, type PeerTransport } from './peer-reader.interface.js';

/** Fails when told to; what it reads is nothing. */
class StubReader implements PeerReader {
  readonly label = 'the peer';
  connectError: Error | undefined;
  readError: Error | undefined;
  reads = 0;

  constructor(readonly transport: PeerTransport) {}

  connect(): Promise<PeerIdentity> {
    if (this.connectError !== undefined) return Promise.reject(this.connectError);
    return Promise.resolve({ bootId: 'boot', server: 'kvnest' });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  describe(): Promise<string> {
    return Promise.resolve(`over ${this.transport}`);
  }

  existsMany(): Promise<readonly boolean[]> {
    return Promise.resolve([]);
  }

  getMany(): Promise<readonly FetchOutcome[]> {
    this.reads++;
    return this.readError === undefined ? Promise.resolve([]) : Promise.reject(this.readError);
  }
}

describe('AutoPeerReader', () => {
  let nixl: StubReader;
  let tcp: StubReader;
  let nowMs: number;
  let lines: string[];
  let reader: AutoPeerReader;

  beforeEach(() => {
    nixl = new StubReader('nixl');
    tcp = new StubReader('tcp');
    nowMs = 0;
    lines = [];
    const logger = { log: (line: string) => void lines.push(line) };
    reader = new AutoPeerReader({ nixl, tcp, logger, now: () => nowMs });
  });

  it('reads over NIXL where that works, and says so once', async () => {
    await reader.connect();
    await reader.connect();
    await reader.getMany([]);
    expect([reader.transport, nixl.reads, tcp.reads]).toEqual(['nixl', 1, 0]);
    expect(reader.transportReason).toBeUndefined();
    expect(lines).toEqual(['the peer is read over NIXL']);
  });

  it('reads over TCP where the peer has no NIXL, until it has', async () => {
    nixl.connectError = nixlPeerRefused('it has none');
    expect(await reader.describe()).toBe('over tcp');
    await reader.getMany([]);
    expect([nixl.reads, tcp.reads]).toEqual([0, 1]);
    expect(lines[0]).toContain('TCP: ');
    expect(reader.transportReason).toContain('it has none');
    nixl.connectError = undefined;
    await reader.connect();
    expect([reader.transport, reader.transportReason]).toEqual(['nixl', undefined]);
  });

  it('fails where the peer cannot be reached at all', async () => {
    nixl.connectError = remoteUnreachable('the peer');
    await expect(reader.connect()).rejects.toMatchObject({ code: 'KV_REMOTE_UNREACHABLE' });
  });

  it('leaves NIXL alone for a minute where its handshake works and its reads do not', async () => {
    nixl.readError = new Error('a read that hangs');
    for (let i = 0; i < 3; i++) {
      await reader.connect();
      await expect(reader.getMany([])).rejects.toThrow('hangs');
    }
    await reader.connect();
    expect(reader.transport).toBe('tcp');
    nowMs = 60_001;
    await reader.connect();
    expect(reader.transport).toBe('nixl');
  });
});
