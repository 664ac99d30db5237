import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DIRECT_SERVER_OPTIONS, type DirectReader, DirectSocket } from './direct-socket.js';

const TARGET_BYTES = 1000;

/** Reads into one small buffer after another, and stops after each so many bytes. */
class Collector implements DirectReader {
  readonly targets: Buffer[] = [];
  readonly bytes: Buffer[] = [];
  readonly closed: Promise<void>;
  stopAfterBytes = Infinity;
  onClose!: () => void;
  onStop: () => void = () => undefined;
  #sinceStop = 0;

  constructor() {
    this.closed = new Promise((resolve) => (this.onClose = resolve));
  }

  get received(): Buffer {
    return Buffer.concat(this.bytes);
  }

  readTarget(): Buffer {
    const target = Buffer.alloc(TARGET_BYTES);
    this.targets.push(target);
    return target;
  }

  onBytes(target: Buffer, bytes: number): boolean {
    expect(this.targets.at(-1)).toBe(target);
    this.bytes.push(Buffer.from(target.subarray(0, bytes)));
    this.#sinceStop += bytes;
    if (this.#sinceStop < this.stopAfterBytes) return true;
    this.#sinceStop = 0;
    setImmediate(() => this.onStop());
    return false;
  }
}

interface Wire {
  readonly reader: Collector;
  readonly direct: DirectSocket;
  readonly peer: Socket;
}

describe('DirectSocket', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.close();
    server = undefined;
  });

  async function tcp(): Promise<Wire> {
    const reader = new Collector();
    server = createServer(DIRECT_SERVER_OPTIONS).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const peer = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    return { reader, direct: new DirectSocket(accepted, reader), peer };
  }

  /** A stream without a handle: what the socket makes do with where there is none to take. */
  function withoutHandle(): Promise<Wire> {
    const reader = new Collector();
    const [accepted, peer] = duplexPair() as unknown as [Socket, Socket];
    return Promise.resolve({ reader, direct: new DirectSocket(accepted, reader), peer });
  }

  const kinds = [
    ['TCP', tcp],
    ['a stream without a handle', withoutHandle],
  ] as const;

  it.each(kinds)('reads into the buffers it is given: %s', async (_, open) => {
    const { direct, peer, reader } = await open();
    const sent = Buffer.alloc(54_321, 'some bytes');
    peer.write(sent);
    while (reader.received.length < sent.length) await new Promise(setImmediate);
    expect(reader.received.equals(sent)).toBe(true);
    direct.destroy();
    await reader.closed;
  });

  it.each(kinds)('reads nothing while it is stopped: %s', async (_, open) => {
    const { direct, peer, reader } = await open();
    const sent = Buffer.alloc(20_000, 'some bytes');
    reader.stopAfterBytes = 3000;
    let stops = 0;
    reader.onStop = () => {
      stops++;
      const before = reader.received.length;
      setTimeout(() => {
        expect(reader.received).toHaveLength(before);
        direct.resume();
      }, 2);
    };
    peer.write(sent);
    while (reader.received.length < sent.length) await new Promise(setImmediate);
    expect(reader.received.equals(sent)).toBe(true);
    expect(stops).toBeGreaterThan(4);
    direct.destroy();
    await reader.closed;
  });

  it.each(kinds)('sends buffers in order and tells when they are gone: %s', async (_, open) => {
    const { direct, peer, reader } = await open();
    const received: Buffer[] = [];
    peer.on('data', (chunk: Buffer) => received.push(chunk));
    const buffers = ['one', 'two', 'three'].map((text) => Buffer.alloc(100_000, text));
    await new Promise<void>((resolve) => direct.send(buffers, resolve));
    direct.end();
    await once(peer, 'end');
    peer.end();
    expect(Buffer.concat(received).equals(Buffer.concat(buffers))).toBe(true);
    await reader.closed;
  });

  it('tells that buffers are free when the connection fails', async () => {
    const { direct, peer, reader } = await tcp();
    peer.pause();
    let sent = 0;
    for (let i = 0; i < 5; i++) direct.send([Buffer.alloc(8_000_000)], () => sent++);
    direct.destroy();
    await reader.closed;
    while (sent < 5) await new Promise(setImmediate);
    direct.send([Buffer.alloc(1)], () => sent++);
    while (sent < 6) await new Promise(setImmediate);
    expect(direct.destroyed).toBe(true);
    peer.destroy();
  });

  it('asks for another target while it waits for bytes', async () => {
    const { direct, peer, reader } = await tcp();
    const [first] = reader.targets;
    direct.retarget();
    peer.write('x');
    while (reader.received.length === 0) await new Promise(setImmediate);
    expect(first?.every((byte) => byte === 0)).toBe(true);
    direct.destroy();
    await reader.closed;
  });
});
