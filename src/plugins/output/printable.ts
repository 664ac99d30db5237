import { isUtf8 } from 'node:buffer';

/** All but the tab: a line of a plugin must not move the cursor of whoever reads the log, nor turn its text around. */
// eslint-disable-next-line no-control-regex -- these are what it is for
const UNPRINTABLE = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;
const NOT_ASCII = /[\x80-\xff]/g;

/** The text of a line. Bytes that are no UTF-8 become `\xff`. */
export function decodeLine(bytes: Buffer, isCut: boolean): string {
  const whole = isCut ? withoutBrokenEnd(bytes) : bytes;
  if (isUtf8(whole)) return whole.toString('utf8');
  return whole.toString('latin1').replace(NOT_ASCII, hex);
}

/** The same text with characters that are none escaped. */
export function escapeControls(text: string): string {
  return text.replace(UNPRINTABLE, hex);
}

function hex(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
}

/** A cut may have gone through the middle of a character, of at most four bytes. */
function withoutBrokenEnd(bytes: Buffer): Buffer {
  for (let dropped = 1; dropped <= 3; dropped++) {
    const byte = bytes[bytes.length - dropped];
    if (byte === undefined || byte < 0x80) return bytes;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > dropped ? bytes.subarray(0, -dropped) : bytes;
    }
  }
  return bytes;
}
