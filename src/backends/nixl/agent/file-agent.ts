import { randomUUID } from 'node:crypto';
import { loadNative } from '../../../arena/native/load-native.js';
import {
  NativeEvent,
  type NativeEventListener,
  type NativeNixlAgent,
  type NativeNixlAgentClass,
  NativeOutcome,
} from '../../../arena/native/native-nixl.types.js';
import { findNixlLibraries } from '../library/library-search.js';
import { nixlVersionOf } from '../library/library-version.js';
import { nixlClosed, nixlPluginUnusable, nixlStorageFailed } from '../nixl-errors.js';
import { hangingCall } from './agent-status.js';
import { type NixlHealth } from './nixl-agent.interface.js';
import { within } from './within.js';

const START_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 5_000;
const BLOCK_NUMBERS = 4;
const ANY_BYTES = Number.MAX_SAFE_INTEGER;

export interface FileAgentOptions {
  /** The whole region of the arena. Close the agent before the arena. */
  readonly region: ArrayBuffer;
  /** Of NIXL, for files. */
  readonly plugin: string;
  /** Where the library is looked for. Default `process.env`. */
  readonly environment?: NodeJS.ProcessEnv;
}

export interface FileTransfer {
  /** Of a file that stays open until the transfer has ended. */
  readonly descriptor: number;
  readonly offset: number;
  /** In order, one behind the other in the file; in the region, and not empty. */
  readonly views: readonly Uint8Array[];
}

interface RunningTransfer {
  readonly bytes: number;
  readonly result: PromiseWithResolvers<number>;
}

/**
 * An agent of NIXL between the arena's region and files, with a thread of its own, so that a disk that hangs holds up no
 * peer. A transfer ends when the library is done with its memory, and not before: there is no deadline.
 */
export class NixlFileAgent {
  readonly #native: NativeNixlAgent;
  readonly #name = randomUUID();
  readonly #options: FileAgentOptions;
  readonly #started = Promise.withResolvers<undefined>();
  readonly #ended = Promise.withResolvers<undefined>();
  readonly #transfers = new Map<number, RunningTransfer>();
  #version = 'unknown';
  #lastId = 0;
  #isUp = false;

  private constructor(
    nativeClass: NativeNixlAgentClass,
    options: FileAgentOptions,
    libraries: readonly string[],
  ) {
    this.#options = options;
    const { region, plugin } = options;
    this.#native = new nativeClass(this.#name, region, libraries, 0, ANY_BYTES, this.#onEvent, plugin);
    this.#native.keepAlive(true);
  }

  /** @throws KV_NIXL_PLUGIN: no library of NIXL has such a plugin that can be used here, and why */
  static async start(options: FileAgentOptions): Promise<NixlFileAgent> {
    const { addon, reason } = loadNative();
    if (addon === undefined) throw nixlPluginUnusable(options.plugin, `the native addon is ${reason}`);
    const { candidates } = await findNixlLibraries(options.environment ?? process.env);
    const agent = new NixlFileAgent(addon.NixlAgent, options, candidates);
    await agent.#start();
    return agent;
  }

  write(transfer: FileTransfer): Promise<unknown> {
    return this.#transfer(transfer, true);
  }

  /** @returns the CRC-32C of the bytes, computed on the agent's thread. */
  read(transfer: FileTransfer): Promise<number> {
    return this.#transfer(transfer, false);
  }

  /** Of the library: that of its Python package, or `unknown`. */
  get version(): string {
    return this.#version;
  }

  /** It knows no peers, and nobody gives a transfer up. */
  health(): NixlHealth {
    const hanging = hangingCall(this.#native);
    let bytes = 0;
    for (const transfer of this.#transfers.values()) bytes += transfer.bytes;
    return {
      up: this.#isUp && hanging === undefined,
      ...(hanging !== undefined && { error: hanging }),
      peers: [],
      inFlight: { transfers: this.#transfers.size, bytes },
      quarantined: { transfers: 0, bytes: 0 },
    };
  }

  /** To be called when no transfer runs. Idempotent. */
  async close(): Promise<void> {
    this.#isUp = false;
    this.#native.keepAlive(true);
    this.#native.close();
    await within(this.#ended.promise, CLOSE_TIMEOUT_MS, nixlClosed).catch(() => undefined);
    this.#native.keepAlive(false);
  }

  async #start(): Promise<void> {
    try {
      await within(this.#started.promise, START_TIMEOUT_MS, () =>
        nixlPluginUnusable(
          this.#options.plugin,
          `${this.#native.runningCall} has not returned for ${START_TIMEOUT_MS} ms`,
        ),
      );
      this.#isUp = true;
    } catch (error) {
      this.#native.close();
      throw error;
    } finally {
      this.#native.keepAlive(false);
    }
  }

  #transfer({ descriptor, offset, views }: FileTransfer, isWrite: boolean): Promise<number> {
    if (!this.#isUp) return Promise.reject(nixlClosed());
    const blocks = new BigUint64Array(views.length * BLOCK_NUMBERS);
    let at = offset;
    for (const [index, view] of views.entries()) {
      if (view.buffer !== this.#options.region) throw new Error('the memory is not in the region');
      blocks.set([view.byteOffset, at, view.length, descriptor].map(BigInt), index * BLOCK_NUMBERS);
      at += view.length;
    }
    const id = (this.#lastId = (this.#lastId + 1) >>> 0);
    const result = Promise.withResolvers<number>();
    this.#transfers.set(id, { bytes: at - offset, result });
    this.#native.keepAlive(true);
    this.#native.transferFile(id, this.#name, isWrite, blocks);
    return result.promise;
  }

  readonly #onEvent: NativeEventListener = (kind, id, outcome, text, _bytes, checksums) => {
    if (kind === NativeEvent.Started) {
      this.#version = nixlVersionOf(text);
      this.#started.resolve(undefined);
    } else if (kind === NativeEvent.NotStarted)
      this.#started.reject(nixlPluginUnusable(this.#options.plugin, text));
    else if (kind === NativeEvent.ReadEnded) this.#end(id, outcome, text, checksums?.[0] ?? 0);
    else if (kind === NativeEvent.Closed) this.#ended.resolve(undefined);
  };

  #end(id: number, outcome: NativeOutcome, text: string, checksum: number): void {
    const result = this.#transfers.get(id)?.result;
    this.#transfers.delete(id);
    if (this.#transfers.size === 0) this.#native.keepAlive(false);
    if (outcome === NativeOutcome.Done) result?.resolve(checksum);
    else result?.reject(nixlStorageFailed(text || 'it was not carried out'));
  }
}
