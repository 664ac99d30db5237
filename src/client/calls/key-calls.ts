import { scatter, type Scattered } from '../cluster/scatter.js';
import { type KeyOptions, type StoredValue } from '../kvnest-client.interface.js';
import { namespaceNumber, pinNumber } from '../options/client-settings.js';
import { keyListBytes, writeKeyList } from '../../protocols/kvnest-tcp/key-list.js';
import { type Pattern, PATTERNS } from '../../protocols/kvnest-tcp/patterns.js';
import { makeRequest, type WireRequest } from '../wire/request.js';
import { type Asker } from './asker.js';
import { keyBytes } from './keys.js';
import { ValueReply, ValuesReply } from './replies.js';
import { placeBytes } from './value-bytes.js';

const KEYS: Scattered<Uint8Array> = { keyOf: (key) => key, headerBytes: (key) => key.length + 2 };

type Key = string | Uint8Array;

/** Calls about keys that carry no values, but for `get`. */
export class KeyCalls {
  constructor(private readonly asker: Asker) {}

  exists(keys: readonly Key[], lease: boolean, options: KeyOptions): Promise<readonly boolean[]> {
    return this.#flags(
      keys,
      { pattern: PATTERNS.EXISTS, option: lease ? 1 : 0, isIdempotent: true },
      options,
    );
  }

  delete(keys: readonly Key[], options: KeyOptions): Promise<readonly boolean[]> {
    return this.#flags(keys, { pattern: PATTERNS.DELETE, option: 0, isIdempotent: false }, options);
  }

  async pin(
    keys: readonly Key[],
    pinMs: number | undefined,
    options: KeyOptions,
  ): Promise<readonly boolean[]> {
    const option = pinMs === undefined ? 0 : pinNumber(pinMs);
    return this.#flags(keys, { pattern: PATTERNS.PIN, option, isIdempotent: false }, options);
  }

  unpin(keys: readonly Key[], options: KeyOptions): Promise<readonly boolean[]> {
    return this.#flags(keys, { pattern: PATTERNS.UNPIN, option: 0, isIdempotent: false }, options);
  }

  async get(key: Key, into: Uint8Array | undefined, options: KeyOptions): Promise<Uint8Array | undefined> {
    const { asker } = this;
    const bytes = keyBytes(key);
    const place = placeBytes(into);
    const request = this.#request([bytes], GET, options);
    const question = {
      server: asker.cluster.serverOf(bytes),
      kind: 'bulk',
      request,
      limits: asker.limits(options),
    } as const;
    const { verifies } = asker.settings;
    return asker.ask<Uint8Array | undefined>(
      question,
      () => undefined,
      (settler) => new ValueReply(settler, place, verifies),
    );
  }

  async getMany(keys: readonly Key[], options: KeyOptions): Promise<readonly (StoredValue | undefined)[]> {
    const { asker } = this;
    const { verifies } = asker.settings;
    const limits = asker.limits(options);
    return scatter(asker.cluster, keys.map(keyBytes), KEYS, (server, some) =>
      asker.ask<readonly (StoredValue | undefined)[]>(
        { server, kind: 'bulk', request: this.#request(some, GET, options), limits },
        () => some.map(() => undefined),
        (settler) => new ValuesReply(settler, some.length, verifies),
      ),
    );
  }

  /** One byte for each key: 0 = no. */
  async #flags(keys: readonly Key[], about: AboutKeys, options: KeyOptions): Promise<readonly boolean[]> {
    const { asker } = this;
    const limits = asker.limits(options);
    return scatter(asker.cluster, keys.map(keyBytes), KEYS, (server, some) =>
      asker.askHeader<readonly boolean[]>(
        { server, kind: 'control', request: this.#request(some, about, options), limits },
        () => some.map(() => false),
        (header) => readFlags(header, some.length),
      ),
    );
  }

  #request(
    keys: readonly Uint8Array[],
    { pattern, option, isIdempotent }: AboutKeys,
    options: KeyOptions,
  ): WireRequest {
    const namespace =
      options.namespace === undefined ? this.asker.settings.namespace : namespaceNumber(options.namespace);
    return makeRequest({ pattern, isIdempotent }, keyListBytes(keys), (frame, offset) => {
      writeKeyList(frame, offset, { namespace, option, keys });
    });
  }
}

interface AboutKeys {
  readonly pattern: Pattern;
  readonly option: number;
  readonly isIdempotent: boolean;
}

const GET: AboutKeys = { pattern: PATTERNS.GET, option: 0, isIdempotent: true };

function readFlags(header: Buffer, count: number): readonly boolean[] {
  if (header.length !== count) throw new Error(`${header.length} answers for ${count} keys`);
  const flags = new Array<boolean>(count);
  for (let i = 0; i < count; i++) flags[i] = header[i] !== 0;
  return flags;
}
