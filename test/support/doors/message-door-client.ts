import { type ClientProxy } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import {
  type KeyOptions,
  type PrefixOptions,
  type PutOptions,
  type PutResult,
  type RetrievedChunk,
  type StoreAnswer,
  type StoreChunk,
  type StoredValue,
  type StoreOptions,
} from '../../../src/client/index.js';
import { type DoorClient, type DoorKey } from '../../contracts/door/door-client.interface.js';
import {
  checksumHex,
  keysJson,
  type PlaceJson,
  placeOf,
  prefixJson,
  type PutJson,
  putResultOf,
  storeJson,
} from './json-answers.js';
import { JsonClient } from './json-client.js';

interface ValueJson {
  readonly value: string;
  readonly metadata?: string;
  readonly checksum: string;
}

/** Message patterns, by Nest's `ClientProxy`: its own over `Transport.TCP`, or that of `kvnest/client`. */
export class MessageDoorClient extends JsonClient implements DoorClient {
  constructor(private readonly proxy: ClientProxy) {
    super();
  }

  async put(key: DoorKey, bytes: Buffer, options: PutOptions = {}): Promise<PutResult> {
    const { namespace, ttlMs, ack, onlyIfAbsent, ...rest } = options;
    const item = { key, ttl_ms: ttlMs, ...valueJson({ bytes, ...rest }) };
    const answer = await this.ask('put', { items: [item], namespace, ack, only_if_absent: onlyIfAbsent });
    return putResultOf((answer as { readonly results: readonly PutJson[] }).results[0]!);
  }

  async getMany(
    keys: readonly DoorKey[],
    options?: KeyOptions,
  ): Promise<readonly (StoredValue | undefined)[]> {
    const answer = await this.ask('get', keysJson(keys, options));
    const { values } = answer as { readonly values: readonly (ValueJson | null)[] };
    return values.map((value) => (value === null ? undefined : valueOf(value)));
  }

  async store(
    tokens: readonly number[],
    chunks: readonly StoreChunk[],
    options: StoreOptions,
  ): Promise<readonly StoreAnswer[]> {
    const items = chunks.map(({ index, ...value }) => ({ index, ...valueJson(value) }));
    const answer = await this.ask('store', { ...storeJson(tokens, options), chunks: items });
    const stored = (answer as { readonly chunks: readonly (PlaceJson & PutJson)[] }).chunks;
    return stored.map((chunk) => ({ ...placeOf(chunk), ...putResultOf(chunk) }));
  }

  async retrieve(tokens: readonly number[], options: PrefixOptions): Promise<readonly RetrievedChunk[]> {
    const chunks$ = this.proxy.send<PlaceJson & ValueJson>('kv.retrieve', prefixJson(tokens, options));
    const chunks = await lastValueFrom(chunks$.pipe(toArray()));
    return chunks.map((chunk) => ({ ...placeOf(chunk), ...valueOf(chunk) }));
  }

  async close(): Promise<void> {
    await (this.proxy.close() as unknown);
  }

  protected ask(name: string, data: object): Promise<unknown> {
    return firstValueFrom(this.proxy.send(`kv.${name}`, data));
  }
}

function valueJson({
  bytes,
  metadata,
  checksum,
}: Pick<StoreChunk, 'bytes' | 'metadata' | 'checksum'>): object {
  return {
    value: (bytes as Buffer).toString('base64'),
    metadata: metadata === undefined ? undefined : Buffer.from(metadata).toString('base64'),
    checksum: checksum === undefined ? undefined : checksumHex(checksum),
  };
}

function valueOf({ value, metadata = '', checksum }: ValueJson): StoredValue {
  return {
    bytes: Buffer.from(value, 'base64'),
    metadata: Buffer.from(metadata, 'base64'),
    checksum: Number.parseInt(checksum, 16),
  };
}
