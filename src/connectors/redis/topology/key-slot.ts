const SLOTS = 16_384;
const POLYNOMIAL = 0x1021;
const [OPEN, CLOSE] = [0x7b, 0x7d];

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? POLYNOMIAL : 0);
  return crc;
});

/**
 * The slot of a key in a cluster: CRC-16/XMODEM of the key, or of what stands between its first `{` and the `}` that
 * follows, modulo 16,384.
 */
export function keySlot(key: Uint8Array): number {
  const open = key.indexOf(OPEN);
  const close = open === -1 ? -1 : key.indexOf(CLOSE, open + 1);
  const [start, end] = close > open + 1 ? [open + 1, close] : [0, key.length];
  let crc = 0;
  for (let i = start; i < end; i++)
    crc = ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ (key[i] as number)] as number);
  return crc % SLOTS;
}
