import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type * as Sdk from '@aws-sdk/client-s3';
import { remoteProtocol, remoteRefused } from '../connector-errors.js';
import { isMissing, isNameTooLong, remoteErrorOf } from './s3-errors.js';
import { type S3Location } from './s3-location.js';
import { S3Transport, TransportError } from './s3-transport.js';
import { type S3Options } from './s3.config.js';

/** The most names that one request to remove or list may have. */
export const MAX_NAMES = 1_000;

export type TakeObject<T> = (bytes: AsyncIterable<Buffer>, lengthBytes: number) => Promise<T>;

export interface ObjectPage {
  readonly names: readonly string[];
  /** The empty string when this was the last page. */
  readonly cursor: string;
}

interface S3StoreParts {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
  readonly transport: S3Transport;
  readonly bucket: string;
  readonly label: string;
}

const nothing = (): void => undefined;
/** The SDK would write to the console that it does not try again what it was told not to. */
const SILENT = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

type Signal = AbortSignal | undefined;

/** The requests to S3 that a connector needs. Errors are `KV_REMOTE_…`; every request is tried once. */
export class S3Store {
  readonly #parts: S3StoreParts;

  private constructor(parts: S3StoreParts) {
    this.#parts = parts;
  }

  /** Loads the SDK, so that only a server with such a tier pays for it. Sends nothing. */
  static async open(location: S3Location, options: S3Options, label: string): Promise<S3Store> {
    const sdk = await import('@aws-sdk/client-s3');
    const ca = options.tls_ca === undefined ? undefined : await readAuthorities(options.tls_ca, label);
    const transport = new S3Transport({ maxSockets: options.max_sockets, ca });
    const client = new sdk.S3Client({
      requestHandler: transport,
      forcePathStyle: location.pathStyle,
      maxAttempts: 1,
      // The chunk brings its own checksum, and the body stays out of the signature: bytes are read once.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // A service that does not know the header would cost a second for each chunk.
      expectContinueHeader: false,
      logger: SILENT,
      ...addressOf(location),
      ...credentialsOf(options),
    });
    return new S3Store({ sdk, client, transport, bucket: location.bucket, label });
  }

  /** Whether the bucket answers to these credentials. */
  async probe(prefix: string, signal: Signal): Promise<void> {
    const { sdk, label, bucket } = this.#parts;
    const command = new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 });
    const { Name } = await this.#call(signal, (options) => this.#parts.client.send(command, options));
    if (Name === undefined) throw remoteProtocol(label, 'the list of objects names no bucket');
  }

  async has(name: string, signal: Signal): Promise<boolean> {
    const { sdk, client, bucket } = this.#parts;
    const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: name });
    const found = await this.#unless(isMissing, signal, (options) => client.send(command, options));
    return found !== undefined;
  }

  /**
   * @param take reads the bytes of the object, or as many as it wants of them.
   * @returns what `take` does, or undefined when there is no such object.
   */
  async read<T>(name: string, take: TakeObject<T>, signal: Signal): Promise<T | undefined> {
    return this.#read({ Key: name }, take, signal);
  }

  /** The first bytes of an object, or all where it has no more. @returns undefined when there is no such object. */
  async readStart(name: string, lengthBytes: number, signal: Signal): Promise<Buffer | undefined> {
    const take = async (bytes: AsyncIterable<Buffer>): Promise<Buffer> => {
      const parts: Buffer[] = [];
      let received = 0;
      for await (const part of bytes) {
        parts.push(part);
        received += part.length;
        // Not every service knows ranges.
        if (received > lengthBytes) break;
      }
      return Buffer.concat(parts, Math.min(received, lengthBytes));
    };
    return this.#read({ Key: name, Range: `bytes=0-${lengthBytes - 1}` }, take, signal);
  }

  /**
   * @param parts sent as they lie; the socket is done with them when the promise settles.
   * @returns false when the store takes no such name.
   */
  async write(name: string, parts: readonly Buffer[], signal: Signal): Promise<boolean> {
    const { sdk, client, bucket } = this.#parts;
    const command = new sdk.PutObjectCommand({
      Bucket: bucket,
      Key: name,
      Body: Readable.from(parts),
      ContentLength: parts.reduce((sum, { length }) => sum + length, 0),
      ContentType: 'application/octet-stream',
    });
    const stored = await this.#unless(isNameTooLong, signal, (options) => client.send(command, options));
    return stored !== undefined;
  }

  async remove(name: string, signal: Signal): Promise<void> {
    const { sdk, client, bucket } = this.#parts;
    const command = new sdk.DeleteObjectCommand({ Bucket: bucket, Key: name });
    await this.#unless(isMissing, signal, (options) => client.send(command, options));
  }

  /** @param names at most `MAX_NAMES`. */
  async removeMany(names: readonly string[], signal: Signal): Promise<void> {
    const { sdk, client, bucket, label } = this.#parts;
    const objects = { Objects: names.map((name) => ({ Key: name })), Quiet: true };
    const command = new sdk.DeleteObjectsCommand({ Bucket: bucket, Delete: objects });
    const { Errors } = await this.#call(signal, (options) => client.send(command, options));
    const [error] = Errors ?? [];
    if (error !== undefined)
      throw remoteRefused(label, `to remove: ${error.Code ?? ''} ${error.Message ?? ''}`);
  }

  /** Names that start with `prefix`, in pages of at most `MAX_NAMES`. */
  async list(prefix: string, cursor: string, count: number, signal: Signal): Promise<ObjectPage> {
    const { sdk, client, bucket } = this.#parts;
    const command = new sdk.ListObjectsV2Command({
      Bucket: bucket,
      Prefix: prefix,
      MaxKeys: Math.min(count, MAX_NAMES),
      ...(cursor !== '' && { ContinuationToken: cursor }),
    });
    const page = await this.#call(signal, (options) => client.send(command, options));
    return {
      names: (page.Contents ?? []).map(({ Key }) => Key ?? ''),
      cursor: page.IsTruncated === true ? (page.NextContinuationToken ?? '') : '',
    };
  }

  close(): void {
    this.#parts.client.destroy();
  }

  async #read<T>(
    what: { readonly Key: string; readonly Range?: string },
    take: TakeObject<T>,
    signal: Signal,
  ): Promise<T | undefined> {
    const { sdk, client, bucket, label } = this.#parts;
    const command = new sdk.GetObjectCommand({ Bucket: bucket, ...what });
    return this.#unless(isMissing, signal, async (options) => {
      const { Body: body, ContentLength: lengthBytes } = await client.send(command, options);
      if (!(body instanceof Readable)) throw remoteProtocol(label, 'an object came without its bytes');
      try {
        if (lengthBytes === undefined) throw remoteProtocol(label, 'an object came without its length');
        return await take(wholeOrError(body), lengthBytes);
      } finally {
        body.destroy();
      }
    });
  }

  async #unless<T>(
    expected: (error: unknown) => boolean,
    signal: Signal,
    send: Send<T>,
  ): Promise<T | undefined> {
    return this.#call(signal, async (options) => {
      try {
        return await send(options);
      } catch (error) {
        if (expected(error)) return undefined;
        throw error;
      }
    });
  }

  async #call<T>(signal: Signal, send: Send<T>): Promise<T> {
    try {
      return await send(signal === undefined ? {} : { abortSignal: signal });
    } catch (error) {
      throw remoteErrorOf(this.#parts.label, error, signal);
    }
  }
}

type Send<T> = (options: { readonly abortSignal?: AbortSignal }) => Promise<T>;

async function* wholeOrError(body: Readable): AsyncIterable<Buffer> {
  try {
    yield* body as AsyncIterable<Buffer>;
  } catch (error) {
    throw new TransportError('the connection was closed in the middle of an object', { cause: error });
  }
}

/** Most services that are not Amazon's do not care for the region, but the signature needs one. */
function addressOf({ endpoint, region }: S3Location): Pick<Sdk.S3ClientConfig, 'endpoint' | 'region'> {
  if (endpoint === undefined) return region === undefined ? {} : { region };
  return { endpoint, region: region ?? process.env['AWS_REGION'] ?? 'us-east-1' };
}

function credentialsOf(options: S3Options): Pick<Sdk.S3ClientConfig, 'credentials'> {
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: token } = options;
  if (accessKeyId === undefined || secretAccessKey === undefined) return {};
  return {
    credentials: { accessKeyId, secretAccessKey, ...(token !== undefined && { sessionToken: token }) },
  };
}

async function readAuthorities(path: string, label: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw remoteRefused(label, `tls_ca ${path} cannot be read`, error);
  }
}
