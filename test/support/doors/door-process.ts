import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KvnestProcess, writeConfig } from '../kvnest-process.js';
import { type DoorAddresses } from './door-world.js';

type DoorPorts = Readonly<Record<keyof DoorAddresses, number>>;

const ANY: DoorPorts = { http: 0, resp: 0, tcp: 0, nest: 0 };

/** A server with all doors and a disk, in a process of its own that can be killed, and started again on the same ports. */
export class DoorProcess implements AsyncDisposable {
  #isOver = false;

  private constructor(
    private readonly folder: string,
    readonly addresses: DoorAddresses,
    private current: KvnestProcess,
  ) {}

  static async start(): Promise<DoorProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'kvnest-doors-'));
    const server = await run(folder, ANY);
    const [, nest = ''] = /nest +(\S+:\d+)/.exec(server.output) ?? [];
    const addresses = {
      http: new URL(server.httpUrl).host,
      resp: `127.0.0.1:${server.respPort}`,
      tcp: new URL(server.tcpUrl).host,
      nest,
    };
    return new DoorProcess(folder, addresses, server);
  }

  kill(): Promise<void> {
    return this.current.kill();
  }

  async restart(): Promise<void> {
    const { http, resp, tcp, nest } = this.addresses;
    const port = (address: string): number => Number(address.split(':')[1]);
    this.current = await run(this.folder, {
      http: port(http),
      resp: port(resp),
      tcp: port(tcp),
      nest: port(nest),
    });
    // A test that was given up goes on until it notices.
    if (this.#isOver) await this.current.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.current.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function run(folder: string, { http, resp, tcp, nest }: DoorPorts): Promise<KvnestProcess> {
  const doors = {
    http: { port: http },
    resp: { port: resp },
    lm: false,
    tcp: { port: tcp },
    nest: { port: nest },
  };
  const settings = {
    doors,
    max_local_cpu_size: 0.0625,
    local_disk: join(folder, 'disk'),
    max_local_disk_size: 0.25,
  };
  return KvnestProcess.start(await writeConfig(folder, settings));
}
