import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NixlBlock, type NixlRead } from '../../../src/backends/nixl/agent/nixl-agent.interface.js';
import { expectEventually } from '../eventually.js';
import { type AgentFacts, type Answer, type Question, type RemoteCalls } from './nixl-process-calls.js';
import { ucxEnvironment } from './nixl-wheel.js';

const MIB = 1024 * 1024;

export interface NixlProcessOptions {
  /** UCX_TLS; absent = UCX chooses. */
  readonly tls?: string;
  readonly regionBytes?: number;
  readonly maxQuarantinedBytes?: number;
  readonly maxPostedBytes?: number;
  /** Of the agent. */
  readonly name?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A process with an agent over the real library, and a region that others read from or that it reads into. */
export class NixlProcess implements AsyncDisposable {
  readonly calls: RemoteCalls;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  private constructor(
    readonly child: ChildProcess,
    readonly exited: Promise<readonly [code: number | null, signal: string | null]>,
  ) {
    child.on('message', ({ id, result, error }: Answer) => {
      if (error === undefined) this.#waiting.get(id)?.resolve(result);
      else this.#waiting.get(id)?.reject(error);
    });
    void exited.then(([code, signal]) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`it ended: ${code ?? signal}`));
    });
    this.calls = new Proxy({} as RemoteCalls, {
      get:
        (_, method: Question['method']) =>
        async (...args: unknown[]) =>
          await this.#ask(method, args),
    });
  }

  static async start(options: NixlProcessOptions = {}): Promise<NixlProcess> {
    const { tls, regionBytes = 64 * MIB, environment = {}, ...limits } = options;
    const child = fork(
      join(import.meta.dirname, 'nixl-process-main.ts'),
      [String(regionBytes), JSON.stringify(limits)],
      {
        execArgv: [
          '--expose-gc',
          '--max-semi-space-size=1',
          '--import',
          join(import.meta.dirname, '../typescript-hooks.mjs'),
        ],
        env: {
          PATH: process.env['PATH'],
          ...ucxEnvironment(tls),
          ...environment,
        },
        serialization: 'advanced',
        // The library writes to stderr what it thinks of dead peers.
        stdio: ['ignore', 'ignore', process.env['KVNEST_NIXL_LOG'] ? 'inherit' : 'ignore', 'ipc'],
      },
    );
    const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
    const ready = once(child, 'message');
    const early = exited.then(([code, signal]) => {
      throw new Error(`it did not start: ${code ?? signal}`);
    });
    await Promise.race([ready, early]);
    early.catch(() => undefined);
    return new NixlProcess(child, exited);
  }

  /** Reads of `lengths` bytes each, one behind the other at both sides, from `remoteOffset` on. */
  static request(owner: AgentFacts, lengths: readonly number[], more: Partial<NixlRead> = {}): NixlRead {
    const blocks: NixlBlock[] = [];
    let offset = 0;
    for (const lengthBytes of lengths) {
      blocks.push({ localOffset: offset, remoteAddress: owner.regionAddress + BigInt(offset), lengthBytes });
      offset += lengthBytes;
    }
    return { peer: owner.name, blocks, groups: [blocks.length], timeoutMs: 30_000, ...more };
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Stops it, which the kernel does in its own time: it answers nothing any more when this resolves. */
  async freeze(): Promise<void> {
    this.child.kill('SIGSTOP');
    await expectEventually(() => readFileSync(`/proc/${this.child.pid}/stat`, 'latin1').includes(') T '));
  }

  /** Has the process end by itself, or with a code at once. @returns how it ended */
  async end(code?: number): Promise<readonly [code: number | null, signal: string | null]> {
    const last = code === undefined ? this.calls.end() : this.calls.exit(code);
    last.catch(() => undefined);
    return await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  async #ask(method: Question['method'], args: readonly unknown[]): Promise<unknown> {
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.child.send({ id, method, args } satisfies Question);
    try {
      return await waiting.promise;
    } finally {
      this.#waiting.delete(id);
    }
  }
}
