export type RespArgument = Uint8Array | string;

/** A command as it goes over the wire, by copying: for small arguments. Strings are UTF-8. */
export function encodeCommand(...args: readonly RespArgument[]): Buffer {
  return Buffer.from(`*${args.length}\r\n${args.map(bulkText).join('')}`, 'latin1');
}

/** `SET key value [options…]`, whose value is these buffers one after another: nothing of it is copied. */
export function encodeSet(
  key: RespArgument,
  value: readonly Uint8Array[],
  options: readonly RespArgument[] = [],
): readonly Uint8Array[] {
  const lengthBytes = value.reduce((sum, part) => sum + part.length, 0);
  const head = `*${3 + options.length}\r\n$3\r\nSET\r\n${bulkText(key)}$${lengthBytes}\r\n`;
  const tail = `\r\n${options.map(bulkText).join('')}`;
  return [Buffer.from(head, 'latin1'), ...value, Buffer.from(tail, 'latin1')];
}

/** A bulk, each byte a character: one string makes one buffer, where buffers would make five. */
function bulkText(argument: RespArgument): string {
  const bytes = typeof argument === 'string' ? Buffer.from(argument, 'utf8') : argument;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return `$${bytes.length}\r\n${text}\r\n`;
}
