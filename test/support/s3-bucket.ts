import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type S3Server } from './s3-server.js';

/** A bucket, past the connector: with the SDK as it comes. */
export class S3Bucket {
  readonly #client: S3Client;

  private constructor(
    server: Pick<S3Server, 'endpoint' | 'credentials'>,
    readonly name: string,
  ) {
    const { endpoint, credentials } = server;
    this.#client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  }

  static async create(server: Pick<S3Server, 'endpoint' | 'credentials'>, name: string): Promise<S3Bucket> {
    const bucket = new S3Bucket(server, name);
    await bucket.#client.send(new CreateBucketCommand({ Bucket: name }));
    return bucket;
  }

  async read(key: string): Promise<Buffer> {
    const { Body: body } = await this.#client.send(new GetObjectCommand({ Bucket: this.name, Key: key }));
    return Buffer.from((await body?.transformToByteArray()) ?? []);
  }

  async write(key: string, bytes: Buffer): Promise<void> {
    await this.#client.send(new PutObjectCommand({ Bucket: this.name, Key: key, Body: bytes }));
  }

  async names(prefix = ''): Promise<readonly string[]> {
    const page = await this.#client.send(new ListObjectsV2Command({ Bucket: this.name, Prefix: prefix }));
    return (page.Contents ?? []).map(({ Key: key }) => key ?? '');
  }

  /** It must be empty. */
  async delete(): Promise<void> {
    await this.#client.send(new DeleteBucketCommand({ Bucket: this.name }));
  }

  close(): void {
    this.#client.destroy();
  }
}
