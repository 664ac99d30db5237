import { describe, expect, it } from '@jest/globals';
import { LmTestClient } from '../support/lm-client.js';
import { createTestLmDoor } from '../support/lm-door.js';
import { readLmTranscript } from '../support/lm-transcript.js';

describe('recorded traffic of lm://', () => {
  it('is what the door answers to the same client, to the byte', async () => {
    const server = await createTestLmDoor();
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
    await server.close();
  });
});
