const VERSION_BYTES = 4;

/** In steps: something has begun or was answered at each. */
interface Write {
  readonly begun: number;
  /** Infinity until it was answered. */
  answered: number;
}

/**
 * What may be read under one key while several clients write it. Version 0 stands for nothing: a removal, or a chunk
 * that was never there. Every other version has bytes of its own.
 */
export class VersionedKey {
  readonly #writes = new Map<number, Write>();
  /** Of the writes that were answered, the one that began last. */
  #lastAnswered: Write | undefined;
  static #step = 0;

  /** A write begins. @returns what to call when it was answered. */
  begin(version: number): () => void {
    const write: Write = { begun: ++VersionedKey.#step, answered: Infinity };
    this.#writes.set(version, write);
    return () => {
      write.answered = ++VersionedKey.#step;
      if (this.#lastAnswered === undefined || write.begun > this.#lastAnswered.begun)
        this.#lastAnswered = write;
    };
  }

  /** A read begins. @returns what tells why it must not have given these bytes; undefined when all is well. */
  beginRead(): (bytes: Buffer | undefined) => string | undefined {
    const before = this.#lastAnswered;
    return (bytes) => {
      if (bytes === undefined) return undefined;
      const version = bytes.readUInt32LE(0);
      const write = this.#writes.get(version);
      if (write === undefined) return `version ${version} was never written here`;
      if (!bytes.equals(versionBytes(version, bytes.length)))
        return `version ${version} is mixed with another`;
      const isStale = before !== undefined && before.begun > write.answered;
      return isStale ? `version ${version} had been overwritten or removed` : undefined;
    };
  }
}

/** @param lengthBytes a multiple of 4. */
export function versionBytes(version: number, lengthBytes: number): Buffer {
  const unit = Buffer.alloc(VERSION_BYTES);
  unit.writeUInt32LE(version);
  return Buffer.alloc(lengthBytes, unit);
}
