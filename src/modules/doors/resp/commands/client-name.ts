/** @returns the text of Redis's error for a name that would break CLIENT LIST. */
export function clientNameError(name: Buffer): string | undefined {
  return name.every((byte) => byte >= 0x21 && byte <= 0x7e)
    ? undefined
    : 'ERR Client names cannot contain spaces, newlines or special characters.';
}
