const AT = 0x40;
const SUFFIX_BYTES = 8;
const MIN_STEM_ATS = 4;
const METADATA = Buffer.from('metadata');
const KV_BYTES = Buffer.from('kv_bytes');

/** One half of a chunk that a client keeps under two keys. */
export interface PairKey {
  /** The chunk's own key: a view into the bytes given. */
  readonly stem: Buffer;
  readonly half: 'metadata' | 'kv_bytes';
}

/**
 * LMCache's Redis connector stores a chunk as `<stem>kv_bytes` and `<stem>metadata`, where the stem is an in-process
 * key.
 *
 * @returns undefined for a plain key: another ending, or fewer than four `@` before it.
 */
export function splitPairKey(bytes: Buffer): PairKey | undefined {
  const stemLength = bytes.length - SUFFIX_BYTES;
  if (stemLength < MIN_STEM_ATS) return undefined;
  const half = endsWith(bytes, METADATA) ? 'metadata' : endsWith(bytes, KV_BYTES) ? 'kv_bytes' : undefined;
  if (half === undefined || !hasManyAts(bytes, stemLength)) return undefined;
  return { stem: bytes.subarray(0, stemLength), half };
}

/** Both endings are 8 bytes long and differ in their last byte, so a plain key costs one or two comparisons. */
function endsWith(bytes: Buffer, suffix: Buffer): boolean {
  const from = bytes.length - SUFFIX_BYTES;
  for (let i = SUFFIX_BYTES - 1; i >= 0; i--) if (bytes[from + i] !== suffix[i]) return false;
  return true;
}

function hasManyAts(bytes: Buffer, end: number): boolean {
  let ats = 0;
  for (let i = end - 1; i >= 0; i--) if (bytes[i] === AT && ++ats === MIN_STEM_ATS) return true;
  return false;
}
