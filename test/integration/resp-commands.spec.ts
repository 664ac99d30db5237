import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RespTestClient } from '../support/resp-client.js';
import { createTestRespDoor, type TestRespDoor } from '../support/resp-door.js';

describe('RESP door: commands', () => {
  let server: TestRespDoor;
  let client: RespTestClient;

  beforeEach(async () => {
    server = await createTestRespDoor();
    client = await RespTestClient.open(server.port);
  });

  afterEach(async () => {
    client[Symbol.dispose]();
    await server.close();
  });

  it('stores a value and gives it back', async () => {
    for (const length of [0, 1, 1023, 1024, 4096, 4097, 100_000, 3_000_000]) {
      const value = Buffer.alloc(length, `${length}-`);
      expect(await client.call('SET', `k${length}`, value)).toBe('+OK');
      expect(await client.call('EXISTS', `k${length}`)).toBe(1);
      expect(value.equals((await client.call('GET', `k${length}`)) as Buffer)).toBe(true);
      expect(await client.call('STRLEN', `k${length}`)).toBe(length);
    }
    expect(server.references()).toBe(0);
  });

  it('answers a miss with a null of the protocol version', async () => {
    expect(await client.send(Buffer.from('GET nothing\r\n'))).toBeNull();
    expect(client.received.toString()).toBe('$-1\r\n');
    await client.call('HELLO', '3');
    expect(await client.call('GET', 'nothing')).toBeNull();
    expect(client.received.toString().endsWith('\r\n_\r\n')).toBe(true);
  });
});
