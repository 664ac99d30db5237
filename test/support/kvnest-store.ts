import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ChunkKey } from '../../src/protocols/chunk-key/chunk-key.js';
import { connect } from '../../src/client/connect.js';
import { KvnestProcess, writeConfig } from './kvnest-process.js';
import { lastValueFrom } from 'rxjs';

const DAMAGE = resolve(import.meta.dirname, '../fixtures/nest-modules/damage.mjs');

export interface KvnestStoreOptions {
  /** GB of memory. */
  readonly memoryGb?: number;
  /** Of `doors.tcp`. */
  readonly tcp?: Readonly<Record<string, unknown>>;
  /** More of its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Other settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** A kvnest in a process of its own that is the store of a connector. It can be ended and started again at the same port. */
export class KvnestStore implements AsyncDisposable {
  #process: KvnestProcess;

  private constructor(
    private readonly folder: string,
    private readonly options: KvnestStoreOptions,
    process: KvnestProcess,
  ) {
    this.#process = process;
  }

  static async start(options: KvnestStoreOptions = {}): Promise<KvnestStore> {
    const folder = await mkdtemp(join(tmpdir(), 'kvnest-store-'));
    try {
      return new KvnestStore(folder, options, await startIn(folder, options, 0));
    } catch (error) {
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  get process(): KvnestProcess {
    return this.#process;
  }

  /** `kvnest://host:port`. */
  get url(): string {
    return this.#process.tcpUrl;
  }

  get address(): string {
    return this.url.replace(/^.*:\/\//, '');
  }

  /** A new process at the same port; the old one has ended. */
  async restart(options: KvnestStoreOptions = this.options): Promise<void> {
    this.#process = await startIn(this.folder, options, Number(this.address.split(':').at(-1)));
  }

  async clear(): Promise<void> {
    await this.post('clear', {});
  }

  async post(path: string, body: object): Promise<unknown> {
    const response = await fetch(`${this.#process.httpUrl}/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Changes a byte of a chunk in the memory of the server. */
  async damage({ bytes, namespace }: ChunkKey): Promise<void> {
    await using client = await connect(this.url);
    const key = { key_base64: bytes.toString('base64'), namespace };
    if ((await lastValueFrom(client.send('test.damage', key))) !== true) throw new Error('nothing to damage');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.thaw();
    await this.#process.kill();
    await rm(this.folder, { recursive: true });
  }
}

async function startIn(
  folder: string,
  { memoryGb = 0.1, tcp, environment, settings }: KvnestStoreOptions,
  port: number,
): Promise<KvnestProcess> {
  const file = await writeConfig(folder, {
    max_local_cpu_size: memoryGb,
    local_disk: null,
    doors: { http: { port: 0 }, resp: { port: 0 }, lm: false, nest: false, tcp: { port, ...tcp } },
    modules: [{ module_path: DAMAGE }],
    ...settings,
  });
  return KvnestProcess.start(file, { cwd: folder, ...(environment && { env: environment }) });
}
