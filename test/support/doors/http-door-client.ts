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
import { encodeFrameHeader } from '../../../src/protocols/kvnest-frames/frame.js';
import { decodeRetrieveFrame } from '../../../src/protocols/kvnest-frames/retrieve-frames.js';
import { type DoorClient, type DoorKey } from '../../contracts/door/door-client.interface.js';
import { checksumHex, placeOf, prefixJson, putResultOf, type PutJson, storeJson } from './json-answers.js';
import { type PlaceJson } from './json-answers.js';
import { JsonClient } from './json-client.js';

const PATHS: Readonly<Record<string, string>> = {
  exists: 'objects/exists',
  delete: 'objects/delete',
  pin: 'objects/pin',
  unpin: 'objects/unpin',
  lookup: 'prefix/lookup',
  clear: 'clear',
};

/** The HTTP door, by `fetch`. */
export class HttpDoorClient extends JsonClient implements DoorClient {
  /** @param url without a path. */
  constructor(private readonly url: string) {
    super();
  }

  async put(key: DoorKey, bytes: Buffer, options: PutOptions = {}): Promise<PutResult> {
    const { namespace, ttlMs, ack, onlyIfAbsent, metadata, checksum } = options;
    const query = { namespace, ttl_ms: ttlMs, ack, only_if_absent: onlyIfAbsent };
    const headers = {
      'content-type': 'application/octet-stream',
      ...(metadata !== undefined && { 'x-kvnest-metadata': Buffer.from(metadata).toString('base64') }),
      ...(checksum !== undefined && { 'x-kvnest-checksum': checksumHex(checksum) }),
    };
    const response = await this.#fetch(objectPath(key, query), {
      method: 'PUT',
      headers,
      body: Uint8Array.from(bytes),
    });
    return putResultOf((await response.json()) as PutJson);
  }

  getMany(keys: readonly DoorKey[], options: KeyOptions = {}): Promise<readonly (StoredValue | undefined)[]> {
    return Promise.all(keys.map((key) => this.#get(key, options)));
  }

  async store(
    tokens: readonly number[],
    chunks: readonly StoreChunk[],
    options: StoreOptions,
  ): Promise<readonly StoreAnswer[]> {
    const values = chunks.map(({ bytes }) => bytes as Buffer);
    const header = {
      ...storeJson(tokens, options),
      chunks: chunks.map(({ index, metadata, checksum }, i) => ({
        index,
        length: values[i]!.length,
        metadata: metadata === undefined ? undefined : Buffer.from(metadata).toString('base64'),
        checksum: checksum === undefined ? undefined : checksumHex(checksum),
      })),
    };
    const response = await this.#fetch('prefix/store', {
      method: 'POST',
      headers: { 'content-type': 'application/x-kvnest-frames' },
      body: Uint8Array.from(Buffer.concat([encodeFrameHeader(header), ...values])),
    });
    const answer = (await response.json()) as { readonly chunks: readonly (PlaceJson & PutJson)[] };
    return answer.chunks.map((chunk) => ({ ...placeOf(chunk), ...putResultOf(chunk) }));
  }

  async retrieve(tokens: readonly number[], options: PrefixOptions): Promise<readonly RetrievedChunk[]> {
    const response = await this.#post('prefix/retrieve', prefixJson(tokens, options));
    const stream = Buffer.from(await response.arrayBuffer());
    const chunks: RetrievedChunk[] = [];
    for (let offset = 0; ;) {
      const frame = decodeRetrieveFrame(stream, offset);
      if (frame === undefined) throw new Error('the stream was cut off');
      const { header, body } = frame;
      if ('error' in header) throw Object.assign(new Error(header.error.message), header.error);
      if ('end' in header) return chunks;
      const { metadata, checksum } = header;
      chunks.push({
        ...placeOf(header),
        bytes: body,
        metadata: Buffer.from(metadata, 'base64'),
        checksum: Number.parseInt(checksum, 16),
      });
      offset = frame.end;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  protected async ask(name: string, data: object): Promise<unknown> {
    const path = PATHS[name];
    const response = path === undefined ? await this.#fetch(name) : await this.#post(path, data);
    return response.json();
  }

  async #get(key: DoorKey, { namespace }: KeyOptions): Promise<StoredValue | undefined> {
    try {
      const response = await this.#fetch(objectPath(key, { namespace }));
      return {
        bytes: Buffer.from(await response.arrayBuffer()),
        metadata: Buffer.from(response.headers.get('x-kvnest-metadata') ?? '', 'base64'),
        checksum: Number.parseInt(response.headers.get('x-kvnest-checksum') ?? '', 16),
      };
    } catch (error) {
      if ((error as { readonly code?: string }).code === 'KV_NOT_FOUND') return undefined;
      throw error;
    }
  }

  #post(path: string, data: object): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    return this.#fetch(path, { method: 'POST', headers, body: JSON.stringify(data) });
  }

  /** @throws what the door says of an error. */
  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(`${this.url}/v1/${path}`, init);
    if (response.ok) return response;
    const { error } = (await response.json()) as { readonly error: { readonly message: string } };
    throw Object.assign(new Error(error.message), error);
  }
}

function objectPath(key: DoorKey, query: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const path = `objects/${encodeURIComponent(key.toString())}`;
  return `${path}?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()}`;
}
