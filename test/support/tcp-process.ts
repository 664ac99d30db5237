import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KvnestProcess, writeConfig } from './kvnest-process.js';

/** A server in a process of its own that can be killed, and started again on the same port. */
export class TcpProcess implements AsyncDisposable {
  #port = 0;

  private constructor(
    private readonly folder: string,
    private readonly tcp: Readonly<Record<string, unknown>>,
    private current: KvnestProcess,
  ) {
    this.#port = Number(new URL(current.tcpUrl).port);
  }

  /** @param tcp settings of `doors.tcp`. */
  static async start(tcp: Readonly<Record<string, unknown>> = {}): Promise<TcpProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'kvnest-client-'));
    return new TcpProcess(folder, tcp, await run(folder, { port: 0, ...tcp }));
  }

  /** Stays the same. */
  get url(): string {
    return `kvnest://127.0.0.1:${this.#port}`;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get process(): KvnestProcess {
    return this.current;
  }

  async restart(): Promise<void> {
    this.current = await run(this.folder, { ...this.tcp, port: this.#port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.current.kill();
    await rm(this.folder, { recursive: true });
  }
}

async function run(folder: string, tcp: Readonly<Record<string, unknown>>): Promise<KvnestProcess> {
  const doors = { http: { port: 0 }, resp: { port: 0 }, lm: false, tcp, nest: false };
  const settings = { doors, local_disk: null, max_local_cpu_size: 0.125 };
  return KvnestProcess.start(await writeConfig(folder, settings));
}
