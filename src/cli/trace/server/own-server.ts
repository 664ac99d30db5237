import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { KvError } from '../../../common/errors/kv-error.js';

/** The same place of the package for the sources and for what is built of them. */
const BIN = resolve(import.meta.dirname, '../../../../bin/kvnest.mjs');
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export interface OwnServerOptions {
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** Where the disk tier makes a folder of its own. Default: that for temporary files. */
  readonly path: string | undefined;
  /** Read and write the disk through the page cache. */
  readonly buffered: boolean;
}

/** A server with a memory and a disk tier, both empty, in a process of its own. Nothing is left of it when it is disposed. */
export class OwnServer implements AsyncDisposable {
  readonly #onSignal = (): void => {
    this.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
    process.exit(1);
  };

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    /** Of its TCP door. */
    readonly url: string,
  ) {
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  /** @throws KV_CLI_SERVER with what it said, when it does not start. */
  static async start(options: OwnServerOptions): Promise<OwnServer> {
    const folder = await mkdtemp(join(options.path ?? tmpdir(), 'kvnest-replay-'));
    const child = spawn(process.execPath, [BIN, 'serve', ...settings(folder, options)], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      return new OwnServer(child, folder, await urlOf(child));
    } catch (error) {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, 'exit');
      // It holds nothing that anybody wants to keep.
      this.child.kill('SIGKILL');
      await exit;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

function settings(folder: string, { memoryBytes, diskBytes, buffered }: OwnServerOptions): readonly string[] {
  const tiers = [
    { type: 'memory', capacity: memoryBytes },
    { type: 'disk', capacity: diskBytes, path: join(folder, 'disk'), options: { direct: !buffered } },
  ];
  const shut = ['http', 'resp', 'lm', 'nest'].map((door) => `doors.${door}=false`);
  return [
    `tiers=${JSON.stringify(tiers)}`,
    `data_dir=${folder}`,
    'doors.tcp.port=0',
    'log_level=error',
    ...shut,
  ].flatMap((setting) => ['--set', setting]);
}

/** Without the settings of other servers. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(KVNEST|LMCACHE)_/.test(name)));
}

/** Resolves when it listens. */
function urlOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const read = (text: Buffer): void => {
      said += text.toString();
      const [, url] = /^ +tcp +(kvnest:\/\/\S+)/m.exec(said) ?? [];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', () => reject(endedError(said)));
  });
}

function endedError(said: string): KvError {
  return new KvError('KV_CLI_SERVER', `the server of the replay did not start:\n${said.trim()}`, {
    kind: 'config',
    remedy: 'Give a --path with room for --disk, and a --capacity that this machine has in memory.',
  });
}
