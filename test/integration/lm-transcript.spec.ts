import { describe, expect, it } from '@jest/globals';
import { ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { decodeLmRequest, type LmRequest } from '../../src/protocols/lm/lm-message.js';
import { encodeRemoteMetadata } from '../../src/protocols/remote-metadata/remote-metadata.js';
import { LmTestClient } from '../support/lm-client.js';
import { LmConnectorWorld } from '../support/lm-connector.js';
import { createTestLmDoor } from '../support/lm-door.js';
import { afterGreeting, ScriptedServer } from '../support/lm-scripted-server.js';
import { readLmTranscript } from '../support/lm-transcript.js';

describe('recorded traffic of lm://', () => {
  it('is what the door answers to the same client, to the byte', async () => {
    await using server = await createTestLmDoor();
    const clients = new Map<number, LmTestClient>();
    let compared = 0;
    for (const { connection, fromClient, bytes } of readLmTranscript()) {
      const client = clients.get(connection) ?? (await LmTestClient.open(server.port));
      clients.set(connection, client);
      if (fromClient && bytes !== undefined) client.socket.write(bytes);
      else if (fromClient) client.socket.end();
      else if (bytes === undefined) expect(await client.closed).toBe(false);
      else {
        expect((await client.bytes(bytes.length)).toString('hex')).toBe(bytes.toString('hex'));
        compared++;
      }
    }
    expect(compared).toBe(8);
    expect([server.counter('protocol_errors'), server.counter('command_failures')]).toEqual([0, 0]);
    expect(server.references()).toBe(0);
  });

  it('is what the connector writes for the same calls, to the byte, and it understands the answers', async () => {
    const messages = readLmTranscript().flatMap(({ bytes }) => bytes ?? []);
    // Two EXIST with their answers, two PUT, two EXIST with their answers, two GET with theirs; the connector asks
    // for each PUT before it sends the next.
    const order = [0, 1, 2, 3, 4, 5, 8, 9, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17];
    const script = order.map((index) => messages[index]!);
    const answers = new Set([1, 3, 9, 11, 13, 14, 16, 17]);
    await using server = await ScriptedServer.start(
      afterGreeting(async (client) => {
        for (const [place, index] of order.entries()) {
          const bytes = script[place]!;
          if (answers.has(index)) client.send(bytes);
          else expect((await client.bytes(bytes.length)).toString('hex')).toBe(bytes.toString('hex'));
        }
      }),
    );
    await using world = new LmConnectorWorld(server.port, { connections: 1 });
    await world.connector.connect();
    const request = (index: number): LmRequest => decodeLmRequest(messages[index]!) as LmRequest;
    const keys = [0, 2, 4, 6].map((index) => request(index).key.toString());
    for (const key of keys.slice(0, 2)) expect(await world.connector.exists(ChunkKey.of(key))).toBe(false);
    for (const index of [4, 6]) {
      const { key, metadata } = request(index);
      expect(await world.put(key.toString(), messages[index + 1]!, metadata)).toBe('stored');
    }
    for (const key of keys.slice(2)) {
      const bytes = messages[5]!;
      expect(await world.read(key)).toEqual({ bytes, metadata: encodeRemoteMetadata(request(4).metadata) });
    }
    expect(server.failures).toEqual([]);
  });
});
