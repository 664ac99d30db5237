import { expect } from '@jest/globals';
import { type StoredValue } from '../../../src/client/kvnest-client.interface.js';
import { crc32c } from '../../../src/common/crc32c.js';
import { chunkBytes, expectBytes } from '../chunks/chunk-bytes.js';
import { type DoorClient, type DoorKey, type DoorWorld } from './door-client.interface.js';

export { chunkBytes };

/** The only value under this key. */
export async function getOne(
  client: DoorClient,
  key: DoorKey,
  namespace?: number,
): Promise<StoredValue | undefined> {
  const [value] = await client.getMany([key], namespace === undefined ? {} : { namespace });
  return value;
}

/** These bytes, with their checksum and this metadata where the door tells them. */
export function expectValue(
  { contract: { capabilities } }: DoorWorld,
  value: StoredValue | undefined,
  bytes: Buffer,
  metadata = Buffer.alloc(0),
): void {
  expectBytes(Buffer.from(value?.bytes ?? 'nothing'), bytes);
  if (!capabilities.metadata) return;
  expect(Buffer.from(value!.metadata)).toEqual(metadata);
  expect(value!.checksum).toBe(crc32c(bytes));
}

/** What a call ends with: the code of its error, or what it was answered. */
export async function codeOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return (error as { readonly code?: string }).code ?? error;
  }
}

/** Polls: for what takes its time at the server. */
export async function eventually(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
