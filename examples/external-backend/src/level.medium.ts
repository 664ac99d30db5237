import { ClassicLevel } from 'classic-level';
import { type ChunkMedium, type StoredHeader } from 'kvnest';

const BINARY = { keyEncoding: 'view', valueEncoding: 'view' } as const;

/** Records of chunks in LevelDB: headers and bytes apart, so that a start reads only headers. */
export class LevelMedium implements ChunkMedium {
  readonly persistent = true;
  readonly #path: string;
  #database!: ClassicLevel<Uint8Array, Uint8Array>;

  /** @param path a directory of this database alone. */
  constructor(path: string) {
    this.#path = path;
  }

  async open(): Promise<AsyncIterable<StoredHeader>> {
    this.#database = new ClassicLevel(this.#path, { ...BINARY, compression: false });
    await this.#database.open();
    return this.#readHeaders();
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  write(id: number, header: Uint8Array, views: readonly Uint8Array[]): Promise<void> {
    return this.#database.batch([
      { type: 'put', key: keyOf('h', id), value: header },
      { type: 'put', key: keyOf('b', id), value: Buffer.concat(views) },
    ]);
  }

  writeHeader(id: number, header: Uint8Array): Promise<void> {
    return this.#database.put(keyOf('h', id), header);
  }

  read(id: number): Promise<Uint8Array | undefined> {
    return this.#database.get(keyOf('b', id), { fillCache: false });
  }

  delete(id: number): Promise<void> {
    return this.#database.batch([
      { type: 'del', key: keyOf('h', id) },
      { type: 'del', key: keyOf('b', id) },
    ]);
  }

  async *#readHeaders(): AsyncIterable<StoredHeader> {
    const range = { gte: keyOf('h', 0), lte: keyOf('h', Number.MAX_SAFE_INTEGER) };
    for await (const [key, header] of this.#database.iterator(range)) yield { id: idOf(key), header };
  }
}

/** Big-endian, so that the order of the keys is that of the numbers. */
function keyOf(kind: 'h' | 'b', id: number): Buffer {
  const key = Buffer.alloc(9, kind);
  key.writeBigUInt64BE(BigInt(id), 1);
  return key;
}

function idOf(key: Uint8Array): number {
  return Number(Buffer.from(key).readBigUInt64BE(1));
}
