import { basename } from 'node:path';

/** The first line of a script: who is to run it. */
export interface Shebang {
  /** As it was written. */
  readonly interpreter: string;
  /** Everything behind it, as it was written. */
  readonly rest: string;
}

const BYTE_ORDER_MARK = '\uFEFF';

/**
 * Reads the `#!` line, whatever ends it and whether or not a byte order mark precedes it. Undefined: there is none.
 *
 * @param head the first bytes of the file; a line that does not end in them counts as it is.
 */
export function parseShebang(head: Uint8Array): Shebang | undefined {
  const [line = ''] = new TextDecoder('utf-8', { ignoreBOM: true }).decode(head).split(/\r?\n|\r/, 1);
  const text = line.startsWith(BYTE_ORDER_MARK) ? line.slice(1) : line;
  const match = /^#!\s*(\S+)(.*)$/s.exec(text);
  return match === null ? undefined : { interpreter: match[1] ?? '', rest: (match[2] ?? '').trim() };
}

export function isEnv({ interpreter }: Shebang): boolean {
  return basename(interpreter) === 'env';
}
