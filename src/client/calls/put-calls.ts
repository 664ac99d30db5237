import { scatter, type Scattered } from '../cluster/scatter.js';
import { type PutItem, type PutOptions, type PutResult } from '../kvnest-client.interface.js';
import { namespaceNumber } from '../options/client-settings.js';
import { type Server } from '../pool/server.js';
import { PATTERNS } from '../../protocols/kvnest-tcp/patterns.js';
import { encodePutList, PUT_ENTRY_BYTES, type PutEntry } from '../../protocols/kvnest-tcp/put-list.js';
import { readPutAnswers } from '../../protocols/kvnest-tcp/replies.js';
import { type CallLimits } from '../wire/call.js';
import { type ServerHello } from '../wire/hello.js';
import { makeRequest, totalBytes } from '../wire/request.js';
import { type Asker } from './asker.js';
import { keyBytes } from './keys.js';
import {
  ackName,
  checksumNumber,
  isRepeatable,
  metadataBytes,
  tierNames,
  ttlNumber,
  viewsOf,
} from './value-bytes.js';

/** One value that was checked, as it goes over the wire. */
interface Value {
  readonly entry: PutEntry;
  readonly views: readonly Uint8Array[];
}

const VALUES: Scattered<Value> = {
  keyOf: ({ entry }) => entry.key,
  headerBytes: ({ entry }) => PUT_ENTRY_BYTES + entry.key.length + entry.metadata.length,
};

type BatchOptions = Pick<PutOptions, 'namespace' | 'ack' | 'onlyIfAbsent' | 'signal' | 'timeoutMs'>;

export class PutCalls {
  constructor(private readonly asker: Asker) {}

  async put(item: PutItem, options: BatchOptions): Promise<PutResult> {
    const value = toValue(item);
    const server = this.asker.cluster.serverOf(value.entry.key);
    const [result] = await this.#putAt(server, [value], options, this.asker.limits(options));
    return result as PutResult;
  }

  async putMany(items: readonly PutItem[], options: BatchOptions): Promise<readonly PutResult[]> {
    const limits = this.asker.limits(options);
    return scatter(this.asker.cluster, items.map(toValue), VALUES, (server, values) =>
      this.#putAt(server, values, options, limits),
    );
  }

  /** What the server would only read and drop is not sent. */
  async #putAt(
    server: Server,
    values: readonly Value[],
    options: BatchOptions,
    limits: CallLimits,
  ): Promise<readonly PutResult[]> {
    const maxBytes = server.hello?.limits.valueBytes ?? Infinity;
    const fits = ({ entry }: Value): boolean => entry.lengthBytes <= maxBytes;
    if (values.every(fits)) return this.#send(server, values, options, limits);
    const fitting = values.filter(fits);
    const results = fitting.length === 0 ? [] : await this.#send(server, fitting, options, limits);
    const next = results.values();
    return values.map((value) =>
      fits(value) ? (next.next().value as PutResult) : { stored: false, reason: 'too-large' },
    );
  }

  #send(
    server: Server,
    values: readonly Value[],
    options: BatchOptions,
    limits: CallLimits,
  ): Promise<readonly PutResult[]> {
    const { namespace = this.asker.settings.namespace, ack = 'memory', onlyIfAbsent = false } = options;
    const header = encodePutList({
      namespace: namespaceNumber(namespace),
      ack: ackName(ack),
      onlyIfAbsent,
      entries: values.map(({ entry }) => entry),
    });
    const body = values.length === 1 ? (values[0] as Value).views : values.flatMap(({ views }) => views);
    const request = makeRequest(
      { pattern: PATTERNS.PUT, isIdempotent: isRepeatable(options), body },
      header.length,
      (frame, offset) => frame.set(header, offset),
    );
    const kind = request.body.length === 0 ? 'control' : 'bulk';
    return this.asker.askHeader<readonly PutResult[]>(
      { server, kind, request, limits },
      () => values.map(() => ({ stored: false, reason: 'unavailable' })),
      (answer, hello) => readResults(answer, values.length, hello),
    );
  }
}

function toValue({ key, bytes, metadata, ttlMs, checksum }: PutItem): Value {
  const name = keyBytes(key);
  const views = viewsOf(bytes);
  return {
    views,
    entry: {
      key: Buffer.from(name.buffer, name.byteOffset, name.length),
      lengthBytes: totalBytes(views),
      ttlMs: ttlNumber(ttlMs),
      checksum: checksumNumber(checksum),
      metadata: metadataBytes(metadata),
    },
  };
}

function readResults(header: Buffer, count: number, { tiers }: ServerHello): readonly PutResult[] {
  const answers = readPutAnswers(header);
  if (answers.length !== count) throw new Error(`${answers.length} answers to a put of ${count} values`);
  return answers.map(({ outcome, tiers: bits, checksum }) =>
    outcome === 'stored'
      ? { stored: true, tiers: tierNames(bits, tiers), checksum }
      : { stored: false, reason: outcome },
  );
}
