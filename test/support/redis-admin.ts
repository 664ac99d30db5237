import { type ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';

/** Sends one command to the server on this port, apart from the connections under test. */
export async function redisCommand(
  port: number,
  command: readonly (string | number)[],
  tls?: ConnectionOptions,
): Promise<unknown> {
  const common = { lazyConnect: true, retryStrategy: () => null, disconnectTimeout: 10 };
  const client = new Redis(port, '127.0.0.1', tls === undefined ? common : { ...common, tls });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.call(String(command[0]), ...command.slice(1));
  } finally {
    client.disconnect();
  }
}

/** Polls a server until it says what is awaited; a server that does not answer is asked again. */
export async function untilRedis(
  port: number,
  command: readonly (string | number)[],
  isThere: (reply: string) => boolean,
  tls?: ConnectionOptions,
): Promise<void> {
  const deadline = Date.now() + 30_000;
  let reply = '';
  while (!isThere(reply)) {
    if (Date.now() > deadline) throw new Error(`${command.join(' ')} at ${port} still says:\n${reply}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    reply = await redisCommand(port, command, tls).then(String, () => '');
  }
}
