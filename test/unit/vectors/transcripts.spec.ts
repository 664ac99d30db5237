import { describe, expect, it } from '@jest/globals';
import { splitPairKey } from '../../../src/protocols/chunk-key/pair-key.js';
import { parseChunkKey } from '../../../src/protocols/chunk-key/parse-chunk-key.js';
import { parseRemoteMetadata } from '../../../src/protocols/remote-metadata/remote-metadata.js';
import { parseReplies, parseRequests, randomPieces } from '../../support/resp-pieces.js';
import { SeededRandom } from '../../support/seeded-random.js';
import {
  readTranscript,
  replyBytes,
  requestArguments,
  requestBytes,
  type TranscriptRecord,
} from '../../support/transcript.js';

const TRANSCRIPTS = ['lmcache-redis-transcript', 'lmcache-resp-transcript'];

/** The streams of one direction, by section and connection. */
function streams(records: readonly TranscriptRecord[], direction: '>' | '<'): TranscriptRecord[][] {
  const all = Map.groupBy(
    records.filter(({ d }) => d === direction),
    ({ s, c }) => `${s}/${c}`,
  );
  return [...all.values()];
}

describe.each(TRANSCRIPTS)('%s', (name) => {
  const records = readTranscript(name);
  const requests = records.filter(({ d }) => d === '>');

  it('is rebuilt to the recorded lengths and first bytes', () => {
    for (const record of records) {
      const bytes = record.d === '>' ? requestBytes(record) : replyBytes(record.m);
      expect(bytes).toHaveLength(record.b);
      const recorded = 2 * recordedBytes(record);
      expect(bytes.toString('hex').slice(0, recorded)).toBe(record.x.slice(0, recorded));
    }
  });

  it('yields the recorded requests on every connection', () => {
    const random = new SeededRandom(3);
    for (const stream of streams(records, '>')) {
      const parsed = parseRequests(randomPieces(Buffer.concat(stream.map(requestBytes)), random));
      const sent = stream.map((record) => ({
        args: requestArguments(record).map((arg) => arg.toString('latin1')),
        oversized: false,
      }));
      expect(parsed).toEqual({ commands: sent, error: undefined });
    }
  });

  it('yields the recorded replies on every connection', () => {
    const random = new SeededRandom(4);
    for (const stream of streams(records, '<')) {
      const bytes = Buffer.concat(stream.map(({ m }) => replyBytes(m)));
      const whole = parseReplies([bytes]);
      expect(whole.error).toBeUndefined();
      expect(whole.replies).toHaveLength(stream.length);
      expect(parseReplies(randomPieces(bytes, random))).toEqual(whole);
    }
  });

  it('has keys that are understood', () => {
    const keys = requests.map((record) => requestArguments(record)).filter(([command]) => isKeyed(command!));
    expect(keys.length).toBeGreaterThan(40);
    for (const [, key] of keys) {
      const stem = splitPairKey(key!)?.stem ?? key!;
      expect(parseChunkKey(stem.toString())).toBeDefined();
    }
  });

  it('has metadata that tells the length of the bytes stored before it', () => {
    const lengths = new Map<string, number>();
    for (const record of requests) {
      const [command, key, value] = requestArguments(record);
      const pair = key === undefined ? undefined : splitPairKey(key);
      if (command?.toString() !== 'SET' || value === undefined || pair === undefined) continue;
      const stem = pair.stem.toString();
      if (pair.half === 'kv_bytes') lengths.set(stem, value.length);
      else expect(parseRemoteMetadata(value)).toMatchObject({ lengthBytes: lengths.get(stem), format: 1 });
    }
    expect(lengths.size > 0).toBe(name === 'lmcache-redis-transcript');
  });
});

/** How much of a message's beginning was kept: 64 bytes, less where a long reply begins with its own bytes. */
function recordedBytes({ d, m }: TranscriptRecord): number {
  const isLong = d === '<' && typeof m === 'object' && 'head' in m;
  return isLong ? '$1024\r\n'.length + 16 : 64;
}

function isKeyed(command: Buffer): boolean {
  return ['GET', 'SET', 'EXISTS', 'DEL'].includes(command.toString());
}
