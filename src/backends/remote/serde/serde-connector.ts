import { type ArenaHandle } from '../../../arena/arena.interface.js';
import { ChunkDecoder } from '../../../codecs/chunk-decoder.js';
import { ChunkEncoder } from '../../../codecs/chunk-encoder.js';
import { type CodecPlace } from '../../../codecs/codec-place.interface.js';
import { likelyElementType } from '../../../codecs/element-type.js';
import { ViewReader } from '../../../codecs/view-reader.js';
import { writeEncoded } from '../../../codecs/write-encoded.js';
import { zstdCodec } from '../../../codecs/zstd.codec.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type RemoteConnector,
  type SendOutcome,
} from '../../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../../protocols/chunk-key/chunk-key.js';
import {
  ENCODED_MAGIC,
  encodeChunkHeader,
  isMarked,
} from '../../../protocols/encoded-chunk/encoded-chunk.js';

/**
 * Encodes chunks on their way to a store, or leaves them as they are, and decodes what comes back, whoever encoded it
 * and whatever the setting is now. A chunk that encoding does not make smaller goes as it is.
 */
export class SerdeConnector implements RemoteConnector {
  readonly #encoder: ChunkEncoder | undefined;
  readonly #decoder: ChunkDecoder;

  /** @param target keeps metadata and attributes of any kind. */
  constructor(
    private readonly target: RemoteConnector,
    serde: 'naive' | 'zstd',
    private readonly place: CodecPlace,
  ) {
    this.#encoder = serde === 'zstd' ? new ChunkEncoder(place) : undefined;
    this.#decoder = new ChunkDecoder(place);
  }

  get capabilities(): ConnectorCapabilities {
    return this.target.capabilities;
  }

  connect(options?: CallOptions): Promise<void> {
    return this.target.connect(options);
  }

  close(): Promise<void> {
    return this.target.close();
  }

  ping(options?: CallOptions): Promise<void> {
    return this.target.ping(options);
  }

  exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean> {
    return this.target.exists(key, options);
  }

  existsMany(keys: readonly ChunkKey[], options?: ExistsOptions): Promise<readonly boolean[]> {
    return this.target.existsMany(keys, options);
  }

  async get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    return this.#decode(await this.target.get(key, options));
  }

  async getMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly FetchOutcome[]> {
    const outcomes = await this.target.getMany(keys, options);
    return Promise.all(outcomes.map(async (outcome) => this.#decode(outcome)));
  }

  async put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    const encoded = await this.#encode(chunk);
    if (encoded === undefined) return this.target.put(chunk, options);
    if (encoded === 'busy') return this.#giveUp(chunk.key, options);
    using sent = encoded;
    return await this.target.put(sent, options);
  }

  putMany(chunks: readonly ArenaHandle[], options?: CallOptions): Promise<readonly SendOutcome[]> {
    return Promise.all(chunks.map((chunk) => this.put(chunk, options)));
  }

  remove(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    return this.target.remove(key, options);
  }

  removeMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly boolean[]> {
    return this.target.removeMany(keys, options);
  }

  list(cursor: string, count: number, options?: CallOptions): Promise<ListPage> {
    return this.target.list(cursor, count, options);
  }

  async #decode(outcome: FetchOutcome): Promise<FetchOutcome> {
    return typeof outcome === 'string' ? outcome : this.#decoder.decode(outcome);
  }

  /** @returns undefined for a chunk that goes as it is; `busy` for one that must not and finds no room. */
  async #encode(chunk: ArenaHandle): Promise<ArenaHandle | 'busy' | undefined> {
    const encoded = await this.#encoder?.encode(chunk, zstdCodec, likelyElementType(chunk));
    if (typeof encoded === 'object') return encoded;
    const start = new ViewReader(chunk.views).read(ENCODED_MAGIC.length);
    return isMarked(start) ? ((await this.#wrap(chunk)) ?? 'busy') : undefined;
  }

  /** A chunk that would be taken for an encoded one gets a header like one. */
  #wrap(chunk: ArenaHandle): Promise<ArenaHandle | undefined> {
    const { lengthBytes, checksum, views } = chunk;
    const header = encodeChunkHeader(
      { codec: 'none', elementBytes: 1, elementType: 0, blockBytes: 0, lengthBytes, checksum, blocks: [] },
      this.place.crc32c,
    );
    return writeEncoded(this.place, chunk, header, views, lengthBytes);
  }

  /** As every `busy`, it leaves no older chunk. */
  async #giveUp(key: ChunkKey, options: CallOptions | undefined): Promise<SendOutcome> {
    await this.target.remove(key, options);
    return 'busy';
  }
}
