import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endsWithTests } from '../child-processes.js';
import { encodeExists } from '../../../src/protocols/infinistore/infinistore-request.js';
import { missingCommand } from '../peer.js';
import { peerFolder } from '../peer-folder.js';
import { freePort } from '../redis-process.js';
import { InfinistoreRawClient } from './infinistore-raw-client.js';

const FOLDER = peerFolder('infinistore');
const PYTHON = join(FOLDER, 'venv/bin/python');
const STUB = join(FOLDER, 'verbs-stub.so');
/** Out of the box it wants to write its own OOM score, for which a container has no permission. */
const START = 'import infinistore.server as s; s.prevent_oom = lambda: None; s.main()';
const START_MS = 30_000;
/** What it takes of address space beside its pool, with room to spare. */
const ROOM_GIB = 6;

/** What the wheel needs around it, the server and its Python client alike. */
export const INFINISTORE_PYTHON = { command: PYTHON, env: { LD_PRELOAD: STUB } } as const;

export interface InfinistoreServerOptions {
  /** Memory is taken when it is written. Default 1. */
  readonly poolGib?: number;
  readonly args?: readonly string[];
  /** On a uvloop with which it aborts. */
  readonly onTooNewUvloop?: boolean;
}

/** A real InfiniStore server in a process of its own, on this machine's loopback only. */
export class InfinistoreServer implements AsyncDisposable {
  #child: ChildProcess | undefined;
  #log = '';

  private constructor(
    readonly port: number,
    readonly managePort: number,
    private readonly options: InfinistoreServerOptions,
  ) {}

  static async start(options: InfinistoreServerOptions = {}): Promise<InfinistoreServer> {
    for (let attempt = 1; ; attempt++) {
      const server = new InfinistoreServer(await freePort(), await freePort(), options);
      try {
        await server.restart();
        return server;
      } catch (error) {
        // Somebody else may have taken a port meanwhile.
        if (attempt === 3 || !server.log.includes('in use')) throw error;
      }
    }
  }

  /** @param parameters such as `layout=sealed`. */
  url(parameters = ''): string {
    return `infinistore://127.0.0.1:${this.port}${parameters === '' ? '' : `?${parameters}`}`;
  }

  /** Starts it in the same place, also after a kill, with nothing in it. */
  async restart(): Promise<void> {
    await this.kill();
    const { poolGib = 1, args = [], onTooNewUvloop = false } = this.options;
    const ports = ['--service-port', `${this.port}`, '--manage-port', `${this.managePort}`];
    const settings = ['--prealloc-size', `${poolGib}`, '--log-level', 'warning', ...args];
    const path = onTooNewUvloop ? { PYTHONPATH: join(FOLDER, 'uvloop-too-new') } : {};
    // What makes it loop makes it allocate, without end.
    const limited = ['-c', 'ulimit -v "$0"; exec "$@"', `${(poolGib + ROOM_GIB) * 2 ** 20}`];
    const child = endsWithTests(
      spawn('sh', [...limited, PYTHON, '-c', START, ...ports, ...settings], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...INFINISTORE_PYTHON.env, ...path },
      }),
    );
    this.#child = child;
    const onText = (text: Buffer): void => void (this.#log = (this.#log + text.toString()).slice(-10_000));
    child.stdout.on('data', onText);
    child.stderr.on('data', onText);
    await this.#answers();
  }

  /** Whether its process is there and answers. It may have been too busy to say that it is about to end. */
  async isAlive(): Promise<boolean> {
    if (!this.#isRunning) return false;
    using client = await InfinistoreRawClient.connect(this.port).catch(() => undefined);
    if (client === undefined) return false;
    try {
      await client.ask(encodeExists('k'));
      return true;
    } catch {
      return false;
    }
  }

  /** What it printed last: the trace where it crashed. */
  get log(): string {
    return this.#log;
  }

  /** Keys that it has, unfinished ones included. */
  async keyCount(): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.managePort}/kvmap_len`);
    return ((await response.json()) as { len: number }).len;
  }

  /** Forgets all keys; their memory is free when the server evicts. */
  async purge(): Promise<void> {
    await fetch(`http://127.0.0.1:${this.managePort}/purge`, { method: 'POST' });
  }

  /** It stays there and answers nothing, until `resume`. */
  suspend(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<void> {
    if (!this.#isRunning) return;
    const gone = once(this.#child!, 'exit');
    this.#child!.kill('SIGKILL');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  get #isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** The management port answers last; the other one is not asked, for that may be the end of it. */
  async #answers(): Promise<void> {
    const deadline = Date.now() + START_MS;
    for (;;) {
      if (
        await this.keyCount().then(
          () => true,
          () => false,
        )
      )
        return;
      if (!this.#isRunning || Date.now() > deadline) {
        await this.kill();
        throw new Error(`InfiniStore did not start:\n${this.#log}`);
      }
      await new Promise((wait) => setTimeout(wait, 20));
    }
  }
}

/** @returns why there is no server here, undefined when there is one. */
export function missingInfinistore(): string | undefined {
  if (!existsSync(STUB))
    return 'no InfiniStore server is installed here; "npm test" installs it where it may';
  return missingCommand('env', [`LD_PRELOAD=${STUB}`, PYTHON, '-c', 'import infinistore.server']);
}
