import {
  getCallChannel,
  lookupCallChannel,
  putCallChannel,
} from '../../common/tracing/engine-call.channel.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { DIGEST_WORDS, type KeyBatch } from '../../protocols/chunk-key/key-batch.js';
import { type PrefixChunk } from './cache-engine.interface.js';

/** Says that somebody asks for these keys; nothing is born where nobody listens, as in all below. */
export function publishLookup(keys: readonly ChunkKey[]): void {
  if (lookupCallChannel.hasSubscribers) publishKeys(keys, 0, false);
}

export function publishBatch(keys: KeyBatch): void {
  if (!lookupCallChannel.hasSubscribers) return;
  lookupCallChannel.publish({ digests: keys.digests, length: keys.length, tokens: 0, reads: false });
}

/** @param tokens of the whole prompt. @param reads whether it is to read what is there. */
export function publishPrefix(chunks: readonly PrefixChunk[], tokens: number, reads: boolean): void {
  if (!lookupCallChannel.hasSubscribers) return;
  publishKeys(
    chunks.map(({ key }) => key),
    tokens,
    reads,
  );
}

/** @param bytes length of the chunk, undefined = it was not there. */
export function publishGet(key: ChunkKey, bytes?: number): void {
  if (getCallChannel.hasSubscribers) getCallChannel.publish({ key, bytes });
}

/** @param depth chunks in front of it, -1 = unknown. */
export function publishPut(key: ChunkKey, bytes: number, depth: number): void {
  if (putCallChannel.hasSubscribers) putCallChannel.publish({ key, bytes, depth });
}

function publishKeys(keys: readonly ChunkKey[], tokens: number, reads: boolean): void {
  const digests = new Uint32Array(DIGEST_WORDS * keys.length);
  for (const [index, { d0, d1, d2, d3 }] of keys.entries()) {
    digests.set([d0, d1, d2, d3], DIGEST_WORDS * index);
  }
  lookupCallChannel.publish({ digests, length: keys.length, tokens, reads });
}
