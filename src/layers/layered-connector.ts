import { type ArenaHandle } from '../arena/arena.interface.js';
import {
  type CallOptions,
  type ConnectorCapabilities,
  type ExistsManyOptions,
  type ExistsOptions,
  type FetchOutcome,
  type ListPage,
  type RemoteConnector,
  type SendOutcome,
} from '../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../protocols/chunk-key/chunk-key.js';
import { chainLayers, type LayerChain } from './layer-chain.js';
import { type Layer } from './layer.interface.js';
import { TargetCall } from './target-call.js';

/** A connector whose calls go through layers, of which the first is outermost. */
export function layeredConnector(connector: RemoteConnector, layers: readonly Layer[]): RemoteConnector {
  return new LayeredConnector(connector, chainLayers(layers));
}

class LayeredConnector implements RemoteConnector {
  constructor(
    private readonly target: RemoteConnector,
    private readonly layers: LayerChain,
  ) {}

  get capabilities(): ConnectorCapabilities {
    return this.target.capabilities;
  }

  connect(options?: CallOptions): Promise<void> {
    return this.layers.call(new TargetCall('connect', 0, (given) => this.target.connect(given), options));
  }

  close(): Promise<void> {
    return this.layers.close(() => this.target.close());
  }

  ping(options?: CallOptions): Promise<void> {
    return this.layers.call(new TargetCall('ping', 0, (given) => this.target.ping(given), options));
  }

  exists(key: ChunkKey, options?: ExistsOptions): Promise<boolean> {
    const invoke = (given?: CallOptions) => this.target.exists(key, asking(options, given));
    return this.layers.call(new TargetCall('exists', 1, invoke, options));
  }

  get(key: ChunkKey, options?: CallOptions): Promise<FetchOutcome> {
    return this.layers.call(new TargetCall('get', 1, (given) => this.target.get(key, given), options));
  }

  put(chunk: ArenaHandle, options?: CallOptions): Promise<SendOutcome> {
    return this.layers.call(
      new TargetCall('put', 1, (given) => this.target.put(chunk, given), options, [chunk]),
    );
  }

  remove(key: ChunkKey, options?: CallOptions): Promise<boolean> {
    return this.layers.call(new TargetCall('remove', 1, (given) => this.target.remove(key, given), options));
  }

  list(cursor: string, count: number, options?: CallOptions): Promise<ListPage> {
    return this.layers.call(
      new TargetCall('list', 0, (given) => this.target.list(cursor, count, given), options),
    );
  }

  existsMany(keys: readonly ChunkKey[], options?: ExistsManyOptions): Promise<readonly boolean[]> {
    const invoke = (given?: CallOptions) => this.target.existsMany(keys, asking(options, given));
    return this.layers.call(new TargetCall('existsMany', keys.length, invoke, options));
  }

  getMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly FetchOutcome[]> {
    const invoke = (given?: CallOptions) => this.target.getMany(keys, given);
    return this.layers.call(new TargetCall('getMany', keys.length, invoke, options));
  }

  putMany(chunks: readonly ArenaHandle[], options?: CallOptions): Promise<readonly SendOutcome[]> {
    const invoke = (given?: CallOptions) => this.target.putMany(chunks, given);
    return this.layers.call(new TargetCall('putMany', chunks.length, invoke, options, chunks));
  }

  removeMany(keys: readonly ChunkKey[], options?: CallOptions): Promise<readonly boolean[]> {
    const invoke = (given?: CallOptions) => this.target.removeMany(keys, given);
    return this.layers.call(new TargetCall('removeMany', keys.length, invoke, options));
  }
}

/** A layer may have changed the options: only the signal is its business. Own getter, so that it survives a spread. */
function asking(
  { withMetadata = false, upToGap = false }: ExistsManyOptions = {},
  options: CallOptions | undefined,
): ExistsManyOptions | undefined {
  if (!withMetadata && !upToGap) return options;
  const asked = { ...(withMetadata && { withMetadata }), ...(upToGap && { upToGap }) };
  if (options === undefined) return asked;
  return {
    ...asked,
    get signal() {
      return options.signal as AbortSignal;
    },
  };
}
