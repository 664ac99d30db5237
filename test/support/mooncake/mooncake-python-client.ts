import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Readable, type Writable } from 'node:stream';
import { mooncakePython, type MooncakeRelease } from './mooncake-process.js';

const SCRIPT = join(import.meta.dirname, 'mooncake-client.py');

type Answer = number | string | null | Buffer | readonly Answer[];

/** Mooncake's own Python client, in a process of its own: what vLLM, SGLang and LMCache put and get with. */
export class MooncakePythonClient implements AsyncDisposable {
  readonly #lines: AsyncIterator<string>;

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async connect(
    port: number,
    release: MooncakeRelease = '0.3.13',
    metadataServer = 'P2PHANDSHAKE',
  ): Promise<MooncakePythonClient> {
    const { command, env } = mooncakePython(release);
    const child = spawn(command, [SCRIPT, `127.0.0.1:${port}`, metadataServer], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env,
    });
    const client = new MooncakePythonClient(child);
    const code = await client.#answer();
    if (code === 0) return client;
    await client[Symbol.asyncDispose]();
    throw new Error(`the Python client could not be set up: ${String(code)}`);
  }

  /** Calls a method of `MooncakeDistributedStore`. */
  call(
    method: string,
    ...args: readonly (string | number | boolean | Buffer | readonly string[])[]
  ): Promise<Answer> {
    const json = args.map((argument) =>
      Buffer.isBuffer(argument) ? { hex: argument.toString('hex') } : argument,
    );
    this.child.stdin.write(`${JSON.stringify([method, ...json])}\n`);
    return this.#answer();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  async #answer(): Promise<Answer> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error('the Python client ended');
    return fromJson(JSON.parse(next.value));
  }
}

function fromJson(value: unknown): Answer {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === 'object' && value !== null) return Buffer.from((value as { hex: string }).hex, 'hex');
  return value as Answer;
}
