import { createMooncakeStore } from '../../../arena/native/mooncake-store.js';
import { type NativeMooncakeSettings, type NativeMooncakeStore } from '../../../arena/native/native.types.js';
import { isAbsent, MOONCAKE_CODES } from '../../../protocols/mooncake/mooncake-codes.js';
import { remoteUnreachable } from '../../connector-errors.js';
import { libraryFailed, libraryUnusable, memoryRefused } from './native-errors.js';

const { OK, OBJECT_NOT_FOUND, REPLICA_IS_NOT_READY, INVALID_PARAMS, TRANSFER_FAIL } = MOONCAKE_CODES;
/** Its owner cannot be reached, or another object has taken its place meanwhile. */
const UNREADABLE = new Set<number>([TRANSFER_FAIL, INVALID_PARAMS]);

export interface LibraryStoreOptions {
  /** What errors call the store. */
  readonly label: string;
  readonly threads: number;
  readonly settings: NativeMooncakeSettings;
}

/** A Mooncake Store by Mooncake's library: codes become outcomes and errors. A call that has begun goes on to its end. */
export class LibraryStore {
  private constructor(
    private readonly label: string,
    private readonly native: NativeMooncakeStore,
  ) {}

  /** @throws KV_MOONCAKE_LIBRARY, KV_REMOTE_UNREACHABLE */
  static async open({ label, threads, settings }: LibraryStoreOptions): Promise<LibraryStore> {
    const native = createMooncakeStore(threads, settings);
    if (typeof native === 'string') throw libraryUnusable(label, native);
    const answer = await native.open();
    if (typeof answer === 'string') throw libraryUnusable(label, answer);
    const [code = OK] = answer;
    if (code === OK) return new LibraryStore(label, native);
    throw remoteUnreachable(label, new Error(`Mooncake's library is not set up: ${code}`));
  }

  /** When nothing else runs. */
  async close(): Promise<void> {
    await this.native.close();
  }

  async existMany(names: readonly string[]): Promise<readonly boolean[]> {
    const codes = await this.native.exist(names);
    return codes.map((code) => {
      if (code >= 0) return code > 0;
      if (isAbsent(code)) return false;
      throw libraryFailed(this.label, 'batch_is_exist', code);
    });
  }

  /** @returns undefined for what is not there; `busy` for what somebody else is writing. */
  async sizeOf(name: string): Promise<number | 'busy' | undefined> {
    const [size = OBJECT_NOT_FOUND] = await this.native.sizeOf(name);
    if (size >= 0) return size;
    if (size === REPLICA_IS_NOT_READY) return 'busy';
    if (isAbsent(size)) return undefined;
    throw libraryFailed(this.label, 'get_size', size);
  }

  /** @returns whether an object of just this length was read. */
  async read(name: string, target: Uint8Array): Promise<boolean> {
    const [size = OBJECT_NOT_FOUND] = await this.native.read(name, target);
    if (size >= 0) return size === target.length;
    if (isAbsent(size) || UNREADABLE.has(size)) return false;
    throw libraryFailed(this.label, 'get_into', size);
  }

  /** An object of this name that is there stays, and that is no failure. @returns the code. */
  async write(name: string, parts: readonly Uint8Array[], scratch: Uint8Array | undefined): Promise<number> {
    const [code = OK] = await this.native.write(name, parts, scratch);
    return code;
  }

  /** @returns whether each was there; `busy` for what somebody else is writing, which stays. */
  async removeMany(names: readonly string[]): Promise<readonly (boolean | 'busy')[]> {
    const codes = await this.native.remove(names);
    return codes.map((code) => {
      if (code === OK) return true;
      if (code === REPLICA_IS_NOT_READY) return 'busy';
      if (code === OBJECT_NOT_FOUND) return false;
      throw libraryFailed(this.label, 'remove', code);
    });
  }

  /** Makes memory known to a device. @throws KV_REMOTE_REFUSED */
  async register(memory: Uint8Array): Promise<void> {
    const [code = OK] = await this.native.register(memory);
    if (code !== OK) throw memoryRefused(this.label, memory.length, code);
  }

  async unregister(memory: Uint8Array): Promise<void> {
    await this.native.unregister(memory);
  }
}
