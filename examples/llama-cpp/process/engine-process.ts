import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Readable, type Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type PromptResult } from '../engine/run-prompt.ts';
import { type WorkerReady, type WorkerReply, type WorkerRequest } from './messages.ts';

const WORKER = fileURLToPath(new URL('../engine-worker.ts', import.meta.url));

/** A fresh engine in a process of its own, as an inference server would be. */
export class EngineProcess implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #ready: WorkerReady;

  private constructor(
    child: ChildProcessByStdio<Writable, Readable, null>,
    lines: AsyncIterator<string>,
    ready: WorkerReady,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.#ready = ready;
  }

  static async start(modelPath: string): Promise<EngineProcess> {
    const child = spawn(process.execPath, [WORKER, modelPath], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return new EngineProcess(child, lines, await nextReply<WorkerReady>(lines));
  }

  get modelId(): string {
    return this.#ready.modelId;
  }

  get vocabularySize(): number {
    return this.#ready.vocabularySize;
  }

  /** Bytes of one chunk of this model. */
  get chunkBytes(): number {
    return this.#ready.chunkBytes;
  }

  /** One prompt at a time. */
  async run(request: WorkerRequest): Promise<PromptResult> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    return nextReply<PromptResult>(this.#lines);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await exited;
  }
}

async function nextReply<T extends WorkerReady | PromptResult>(lines: AsyncIterator<string>): Promise<T> {
  const line = await lines.next();
  if (line.done) throw new Error('The engine process ended before its answer');
  const reply = JSON.parse(line.value) as WorkerReply<T>;
  if ('error' in reply) throw Object.assign(new Error(reply.error.message), reply.error);
  return reply;
}
