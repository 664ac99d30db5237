import { describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { encodeCommand } from '../../src/connectors/resp-client/resp-request.js';
import { expectBytes } from '../contracts/chunks/chunk-bytes.js';
import { RemoteWorld } from '../support/remote-world.js';
import { RespRecordedServer } from '../support/resp-recorded-server.js';
import { encodeMessage, readTranscript, type TranscriptSection } from '../support/resp-transcript.js';

interface Exchange {
  readonly command: string;
  readonly key: ChunkKey;
  readonly request: Buffer;
  readonly reply: Buffer;
}

/** Each command of the recording with its reply; the recorded client has one on its way in a connection. */
function exchangesOf({ records }: TranscriptSection): readonly Exchange[] {
  const requests = records.filter(({ fromClient, eof }) => fromClient && !eof);
  return requests.map((record) => {
    const later = records.slice(records.indexOf(record));
    const reply = later.find(
      ({ fromClient, connection }) => !fromClient && connection === record.connection,
    )!;
    const [command = '', key = ''] = record.message as readonly string[];
    const [request, answer] = [encodeMessage(record.message)!, encodeMessage(reply.message)!];
    expect([request.length, answer.length]).toEqual([record.bytes, reply.bytes]);
    return { command, key: ChunkKey.of(key), request, reply: answer };
  });
}

/** The bulk at the end of a message. */
function lastBulk(message: Buffer): Buffer {
  const length = [...message.toString('latin1').matchAll(/\$(\d+)\r\n/g)].find(
    ({ index, 0: header, 1: digits }) => index + header.length + Number(digits) + 2 === message.length,
  )?.[1];
  return message.subarray(message.length - 2 - Number(length), -2);
}

async function replay(world: RemoteWorld, { command, key, request, reply }: Exchange): Promise<void> {
  switch (command) {
    case 'SET':
      expect(reply.toString()).toBe('+OK\r\n');
      expect(await world.put({ key, bytes: lastBulk(request) })).toBe('stored');
      break;
    case 'EXISTS':
      expect(await world.connector.exists(key)).toBe(reply.toString() === ':1\r\n');
      break;
    case 'GET': {
      const read = await world.read(key);
      if (typeof read === 'string') expect([read, reply.toString()]).toEqual(['miss', '$-1\r\n']);
      else expectBytes(read.bytes, lastBulk(reply));
      break;
    }
    default:
      throw new Error(`the recording has ${command}, which the connector never sends`);
  }
}

const sections = readTranscript('lmcache-resp-transcript.jsonl').map((section) => ({
  ...section,
  title: section.what.slice(0, 60),
}));

describe('resp:// sends what LMCache sent, to the byte, and understands what it was answered', () => {
  it.each(sections)('$title', async (section) => {
    await using server = await RespRecordedServer.start();
    const world = await RemoteWorld.create(`resp://127.0.0.1:${server.port}`);
    server.expect(encodeCommand('EXISTS', 'kvnest:ping'), Buffer.from(':0\r\n'));
    await world.connector.connect();
    const exchanges = exchangesOf(section);
    expect(new Set(exchanges.map(({ command }) => command))).toEqual(new Set(['SET', 'EXISTS', 'GET']));
    for (const exchange of exchanges) {
      server.expect(exchange.request, exchange.reply);
      await replay(world, exchange);
    }
    expect(server.unexpected).toBeUndefined();
    expect(await world.close()).toBe(0);
  });
});
