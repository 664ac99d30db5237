import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Readable, type Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type PromptResult } from '../engine/run-prompt.ts';
import { exitOf } from './child-exit.ts';
import { type WorkerReady, type WorkerReply, type WorkerRequest } from './messages.ts';

const WORKER = fileURLToPath(new URL('../engine-worker.ts', import.meta.url));

interface EngineChannel {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly lines: AsyncIterator<string>;
}

/** A fresh engine in a process of its own, as an inference server would be. */
export class EngineProcess implements AsyncDisposable {
  readonly #channel: EngineChannel;
  readonly #ready: WorkerReady;

  private constructor(channel: EngineChannel, ready: WorkerReady) {
    this.#channel = channel;
    this.#ready = ready;
  }

  static async start(modelPath: string): Promise<EngineProcess> {
    const child = spawn(process.execPath, [WORKER, modelPath], { stdio: ['pipe', 'pipe', 'inherit'] });
    // A process that is gone is noticed by its missing answer.
    child.stdin.on('error', () => undefined);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const channel = { child, lines };
    return new EngineProcess(channel, await nextReply<WorkerReady>(channel));
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
    this.#channel.child.stdin.write(`${JSON.stringify(request)}\n`);
    return nextReply<PromptResult>(this.#channel);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#channel.child.stdin.end();
    await exitOf(this.#channel.child);
  }
}

async function nextReply<T extends WorkerReady | PromptResult>({ child, lines }: EngineChannel): Promise<T> {
  const line = await lines.next();
  if (line.done) throw new Error(`The engine process ended before its answer: ${await exitOf(child)}`);
  const reply = JSON.parse(line.value) as WorkerReply<T>;
  if ('error' in reply) throw Object.assign(new Error(reply.error.message), reply.error);
  return reply;
}
