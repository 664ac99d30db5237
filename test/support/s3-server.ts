import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { endsWithTests } from './child-processes.js';
import { missingCommand } from './peer.js';

interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface S3ServerKind {
  readonly command: string;
  /** The longest name of an object. */
  readonly maxNameBytes: number;
  /** Arguments that only show that it runs here. */
  readonly harmless: readonly string[];
  prepare(port: number, directory: string): Promise<S3Command>;
}

interface S3Command {
  readonly arguments: readonly string[];
  /** Files that it makes outside its directory. */
  readonly strays: readonly string[];
}

const ROOT = resolve(import.meta.dirname, '../..');
/** Buckets are hosts in this domain, too. Nobody resolves it: see `inDomain`. */
export const DOMAIN = 's3.test';
/** May do everything; SeaweedFS refuses everybody else. */
const OWNER: S3Credentials = { accessKeyId: 'owner', secretAccessKey: 'owner-secret' };
/** May read and list. */
export const READER: S3Credentials = { accessKeyId: 'reader', secretAccessKey: 'reader-secret' };

/** Amazon's S3 as moto imitates it, in the memory of one process. Everybody may do everything. */
export const MOTO: S3ServerKind = {
  command: join(ROOT, '.cache/venv/bin/python'),
  maxNameBytes: 1024,
  harmless: ['-c', 'import moto, flask_cors'],
  prepare: (port) =>
    Promise.resolve({
      arguments: [join(import.meta.dirname, 's3-moto-server.py'), '-H', '127.0.0.1', '-p', String(port)],
      strays: [],
    }),
};

/** SeaweedFS: a real object store with real credentials, on disk. */
export const SEAWEED: S3ServerKind = {
  command: join(ROOT, '.cache/venv/bin/weed'),
  maxNameBytes: 255,
  harmless: ['version'],
  prepare: async (port, directory) => {
    const parts = ['master', 'volume', 'filer', 's3'];
    const all = await freePorts(2 * parts.length - 1);
    const ports = [...all.slice(parts.length), port];
    const identities = [
      { name: 'owner', credentials: [secretOf(OWNER)], actions: ['Admin'] },
      { name: 'reader', credentials: [secretOf(READER)], actions: ['Read', 'List'] },
    ];
    writeFileSync(join(directory, 's3.json'), JSON.stringify({ identities }));
    return {
      arguments: [
        ...[`-logdir=${directory}`, 'server'],
        ...['-ip=127.0.0.1', '-ip.bind=127.0.0.1', `-dir=${directory}`, '-master.telemetry=false'],
        ...parts.map((part, i) => `-${part}.port=${ports[i]!}`),
        ...parts.map((part, i) => `-${part}.port.grpc=${all[i]!}`),
        ...['-volume.max=8', '-master.volumeSizeLimitMB=64', '-filer', '-s3'],
        ...['-s3.port.iceberg=0', '-s3.port.lance=0'],
        ...[`-s3.localSocket=${directory}/s3.sock`, `-filer.localSocket=${directory}/filer.sock`],
        ...[`-s3.config=${join(directory, 's3.json')}`, `-s3.domainName=${DOMAIN}`],
      ],
      strays: parts.map((part, i) => `/tmp/seaweedfs-${part}-grpc-${all[i]!}.sock`),
    };
  },
};

/** An S3 service in a process of its own, with nothing in it. */
export class S3Server {
  readonly credentials = OWNER;

  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly places: readonly string[],
  ) {}

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The options of a connector to this server. */
  get options(): Readonly<Record<string, unknown>> {
    const { accessKeyId, secretAccessKey } = this.credentials;
    return { endpoint: this.endpoint, access_key_id: accessKeyId, secret_access_key: secretAccessKey };
  }

  static async start(kind: S3ServerKind): Promise<S3Server> {
    const directory = mkdtempSync(join(tmpdir(), 'kvnest-s3-'));
    const [port] = (await freePorts(1)) as [number];
    const { arguments: words, strays } = await kind.prepare(port, directory);
    const child = endsWithTests(spawn(kind.command, words, { stdio: 'ignore' }));
    const server = new S3Server(port, child, [directory, ...strays]);
    await server.#answers();
    return server;
  }

  /** It stays there and answers nothing, until `resume`. */
  suspend(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  /** kill -9, and what it kept is gone. */
  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL');
      await once(this.child, 'exit');
    }
    for (const place of this.places) rmSync(place, { recursive: true, force: true });
  }

  async #answers(): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (!(await answers(this.port))) {
      if (this.child.exitCode !== null || Date.now() > deadline) {
        await this.stop();
        throw new Error(`${this.child.spawnfile} did not start`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** @returns why a server of this kind cannot be started here, undefined when it can. */
export function missingS3({ command, harmless }: S3ServerKind): string | undefined {
  return missingCommand(command, harmless);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.resume();
      resolve(true);
    });
    call.once('error', () => resolve(false));
    call.end();
  });
}

/** Ports of 127.0.0.1 that nobody listens on now, all different. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

function secretOf({ accessKeyId, secretAccessKey }: S3Credentials): {
  readonly accessKey: string;
  readonly secretKey: string;
} {
  return { accessKey: accessKeyId, secretKey: secretAccessKey };
}
