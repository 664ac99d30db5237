import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Readable, type Writable } from 'node:stream';
import { NIXL_PYTHON, ucxEnvironment } from './nixl-wheel.js';

const PEER = join(import.meta.dirname, 'nixl-peer.py');

/**
 * What our agent sets by itself: whoever reads over TCP must take segments as large as those that the owner sends. Without
 * the cache UCX knows memory of a GPU also where the wheel's CUDA runtime is missing.
 */
const OURS = {
  UCX_MODULES: '^efa',
  UCX_TCP_TX_SEG_SIZE: '512k',
  UCX_TCP_RX_SEG_SIZE: '512k',
  UCX_MEMTYPE_CACHE: 'n',
};

/** The wheel's Python agent in a process of its own: see nixl-peer.py. */
export class NixlPython implements AsyncDisposable {
  readonly #lines: AsyncIterator<string>;

  private constructor(readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static start(name: string, tls?: string): NixlPython {
    const env = { ...process.env, ...ucxEnvironment(tls), ...OURS };
    return new NixlPython(
      spawn(NIXL_PYTHON, [PEER, name], {
        env,
        stdio: ['pipe', 'pipe', process.env['KVNEST_NIXL_LOG'] ? 'inherit' : 'ignore'],
      }),
    );
  }

  async ask(command: Record<string, unknown>): Promise<Record<string, unknown>> {
    this.child.stdin.write(`${JSON.stringify(command)}\n`);
    const line = await this.#lines.next();
    if (line.done) throw new Error('the Python agent ended');
    return JSON.parse(line.value) as Record<string, unknown>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.child, 'exit');
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await exited;
  }
}
