import {
  type LookupAnswer,
  type LookupOptions,
  type PrefixOptions,
  type PutRefusal,
  type StoreAnswer,
  type StoreChunk,
  type StoreOptions,
} from '../kvnest-client.interface.js';
import { integer, pinNumber } from '../options/client-settings.js';
import { type Server } from '../pool/server.js';
import { PATTERNS } from '../../protocols/kvnest-tcp/patterns.js';
import { makeJsonRequest, totalBytes, type WireRequest } from '../wire/request.js';
import { type Asker } from './asker.js';
import {
  checksumText,
  type PlaceJson,
  prefixHash,
  type PrefixIdentity,
  prefixIdentity,
  readPlace,
  tokenBytes,
} from './prefix-header.js';
import { ackName, checksumNumber, isRepeatable, metadataBytes, ttlNumber, viewsOf } from './value-bytes.js';

/** Where nobody knows better. */
const DEFAULT_CHUNK_TOKENS = 256;
const NOTHING_FOUND: LookupAnswer = { hitTokens: 0, chunks: [] };

/** Tokens of somebody, and where they lie. */
interface Prefix {
  readonly identity: PrefixIdentity;
  readonly tokens: Buffer;
  readonly count: number;
  readonly server: Server;
  readonly chunkTokens: number;
}

interface StoredJson extends PlaceJson {
  readonly stored: boolean;
  readonly tiers?: readonly string[];
  readonly checksum?: string;
  readonly reason?: PutRefusal;
}

/** Calls about tokens. */
export class PrefixCalls {
  constructor(private readonly asker: Asker) {}

  async lookup(tokens: ArrayLike<number>, options: LookupOptions): Promise<LookupAnswer> {
    const { pinMs } = options;
    const pin = pinMs === undefined ? undefined : pinNumber(pinMs);
    const prefix = this.#prefix(tokens, options);
    const request = makeJsonRequest(
      { pattern: PATTERNS.LOOKUP, isIdempotent: pin === undefined, body: [prefix.tokens], copiesBody: true },
      { ...prefix.identity, tokens: prefix.count, pin_ms: pin },
    );
    const { server } = prefix;
    return this.asker.askHeader(
      { server, kind: 'control', request, limits: this.asker.limits(options) },
      () => NOTHING_FOUND,
      readLookup,
    );
  }

  async store(
    tokens: ArrayLike<number>,
    chunks: readonly StoreChunk[],
    options: StoreOptions,
  ): Promise<readonly StoreAnswer[]> {
    if (chunks.length === 0) return [];
    const prefix = this.#prefix(tokens, options);
    const views = chunks.map(({ bytes }) => viewsOf(bytes));
    const request = makeJsonRequest(
      {
        pattern: PATTERNS.STORE,
        isIdempotent: isRepeatable(options),
        body: [prefix.tokens, ...views.flat()],
      },
      {
        ...prefix.identity,
        tokens: prefix.count,
        chunks: chunks.map((chunk, i) => chunkJson(chunk, totalBytes(views[i] ?? []))),
        ack: options.ack === undefined ? undefined : ackName(options.ack),
        ttl_ms: options.ttlMs === undefined ? undefined : ttlNumber(options.ttlMs),
        only_if_absent: options.onlyIfAbsent,
      },
    );
    const kind = request.body.length === 0 ? 'control' : 'bulk';
    return this.asker.askHeader<readonly StoreAnswer[]>(
      { server: prefix.server, kind, request, limits: this.asker.limits(options) },
      () => chunks.map(({ index }) => unavailable(prefix, index)),
      readStored,
    );
  }

  /** The server, and a request that is made anew for each time that it is sent. @throws KV_CLIENT_INPUT */
  retrieve(tokens: ArrayLike<number>, options: PrefixOptions): { server: Server; request: WireRequest } {
    const prefix = this.#prefix(tokens, options);
    return {
      server: prefix.server,
      request: makeJsonRequest(
        { pattern: PATTERNS.RETRIEVE, isIdempotent: true, body: [prefix.tokens], copiesBody: true },
        { ...prefix.identity, tokens: prefix.count },
      ),
    };
  }

  #prefix(tokens: ArrayLike<number>, options: PrefixOptions): Prefix {
    const { cluster, settings } = this.asker;
    const identity = prefixIdentity(options, settings.model);
    const bytes = tokenBytes(tokens);
    const chunkTokens = cluster.chunkTokens ?? DEFAULT_CHUNK_TOKENS;
    const server = cluster.serverAt(prefixHash(identity, bytes, chunkTokens));
    return { identity, tokens: bytes, count: tokens.length, server, chunkTokens };
  }
}

function readLookup(header: Buffer): LookupAnswer {
  const answer = JSON.parse(header.toString()) as {
    readonly hit_tokens: number;
    readonly chunks: readonly (PlaceJson & { readonly tier: string })[];
  };
  return {
    hitTokens: answer.hit_tokens,
    chunks: answer.chunks.map((chunk) => ({ ...readPlace(chunk), tier: chunk.tier })),
  };
}

function chunkJson({ index, metadata, checksum }: StoreChunk, length: number): object {
  return {
    index: integer('index', index, 0, Number.MAX_SAFE_INTEGER),
    length,
    metadata: metadata === undefined ? undefined : metadataBytes(metadata).toString('base64'),
    checksum: checksum === undefined ? undefined : checksumText(checksumNumber(checksum) ?? 0),
  };
}

function readStored(header: Buffer): readonly StoreAnswer[] {
  const { chunks } = JSON.parse(header.toString()) as { readonly chunks: readonly StoredJson[] };
  return chunks.map(({ stored, tiers = [], checksum = '0', reason = 'failed', ...place }) => ({
    ...readPlace(place),
    ...(stored ? { stored, tiers, checksum: Number.parseInt(checksum, 16) } : { stored, reason }),
  }));
}

/** Only the server knows the key. */
function unavailable({ count, chunkTokens }: Prefix, index: number): StoreAnswer {
  const startToken = index * chunkTokens;
  const tokens = Math.max(0, Math.min(chunkTokens, count - startToken));
  return { index, startToken, tokens, key: '', stored: false, reason: 'unavailable' };
}
