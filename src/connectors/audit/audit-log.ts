import { isKvError } from '../../common/errors/kv-error.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { formatStoreKey } from '../../protocols/store-key/store-key.js';
import { type ConnectorLogger } from '../connector-definition.interface.js';

/** What one line says beside the call and its duration. */
export interface AuditLine {
  readonly outcome: string;
  readonly key?: ChunkKey;
  readonly bytes?: number;
  /** CRC-32C of the bytes. */
  readonly checksum?: number;
  /** On a page of a listing. */
  readonly chunks?: number;
}

export interface AuditedCall<T> {
  readonly operation: string;
  /** The lines of a call that succeeded, one for each chunk. */
  readonly lines: (outcome: T) => readonly AuditLine[];
  /** The chunks of a call that failed. */
  readonly keys?: readonly ChunkKey[];
}

type Fields = Readonly<Record<string, string | number | undefined>>;

/** Writes a line in the form `name=value` for each chunk of each call, when it is over. */
export class AuditLog {
  constructor(
    private readonly logger: ConnectorLogger,
    private readonly level: 'info' | 'debug',
  ) {}

  async call<T>({ operation, lines, keys }: AuditedCall<T>, run: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const ms = (): string => (performance.now() - started).toFixed(3);
    try {
      const outcome = await run();
      for (const line of lines(outcome)) this.#write({ operation, ...described(line), ms: ms() });
      return outcome;
    } catch (error) {
      for (const key of keys ?? [undefined])
        this.warn({
          operation,
          ...described({ outcome: 'error', ...(key !== undefined && { key }) }),
          ms: ms(),
          ...reason(error),
        });
      throw error;
    }
  }

  warn(fields: Fields): void {
    this.logger.warn(formatLine(fields));
  }

  #write(fields: Fields): void {
    const line = formatLine(fields);
    if (this.level === 'debug') this.logger.debug(line);
    else this.logger.log(line);
  }
}

function described({ outcome, key, bytes, checksum, chunks }: AuditLine): Fields {
  return {
    key: key && formatStoreKey(key),
    outcome,
    chunks,
    bytes,
    crc32c: checksum === undefined ? undefined : formatChecksum(checksum),
  };
}

export function formatChecksum(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

function reason(error: unknown): Fields {
  const message = error instanceof Error ? error.message : String(error);
  return { code: isKvError(error) ? error.code : undefined, message };
}

/** Text that is not one plain word stands in quotes, as in JSON. */
function formatLine(fields: Fields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) =>
        `${name}=${/^[\w.:/@%+-]+$/.test(String(value)) ? String(value) : JSON.stringify(value)}`,
    )
    .join(' ');
}
