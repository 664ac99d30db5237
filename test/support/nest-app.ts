import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const FOLDER = resolve(import.meta.dirname, '../../examples/nest-app');
const NEST = resolve(import.meta.dirname, '../../node_modules/.bin/nest');
const START_DEADLINE_MS = 45_000;

/** What the application answers. */
export interface AppAnswer {
  readonly answer: string;
  readonly pid: number;
  readonly promptTokens: number;
  readonly tokensFromCache: number;
  readonly tokensComputed: number;
  readonly chunksStored: number;
}

/** Compiles the application as its README says. */
export async function buildNestApp(): Promise<void> {
  await promisify(execFile)(process.execPath, [NEST, 'build'], { cwd: FOLDER });
}

/** An instance of `examples/nest-app`, in a process of its own. */
export class NestApp implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #output: { text: string };
  readonly url: string;

  private constructor(child: ChildProcess, output: { text: string }, url: string) {
    this.#child = child;
    this.#output = output;
    this.url = url;
  }

  static async start(settings: Readonly<Record<string, string>>): Promise<NestApp> {
    const env = { ...process.env, NO_COLOR: '1', PORT: '0', ...settings };
    const child = spawn(process.execPath, ['dist/main.js'], { cwd: FOLDER, env, stdio: 'pipe' });
    const output = { text: '' };
    const listens = new Promise<string>((found, missed) => {
      const read = (text: Buffer): void => {
        output.text += text.toString();
        const [, url] = /Listens on (http:\S+)/.exec(output.text) ?? [];
        if (url !== undefined) found(url);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', () => missed(new Error(`the application ended:\n${output.text}`)));
    });
    const deadline = setTimeout(() => child.kill('SIGKILL'), START_DEADLINE_MS);
    const url = await listens.finally(() => clearTimeout(deadline));
    return new NestApp(child, output, url);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it printed and logged so far. */
  get output(): string {
    return this.#output.text;
  }

  /** The answer, of whatever status. */
  post(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`${this.url}/answers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  /** @throws when it is no answer. */
  async ask(document: string, question: string, key: string): Promise<AppAnswer> {
    const response = await this.post({ document, question }, { authorization: `Bearer ${key}` });
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return (await response.json()) as AppAnswer;
  }

  async health(): Promise<{ readonly status: string; readonly kvnest: Readonly<Record<string, string>> }> {
    return (await (await fetch(`${this.url}/health`)).json()) as Awaited<ReturnType<NestApp['health']>>;
  }

  /** Asks it to end. @returns how it did: the signal, or the exit code. */
  async stop(): Promise<NodeJS.Signals | number | null> {
    const isOver = (): boolean => this.#child.exitCode !== null || this.#child.signalCode !== null;
    if (!isOver()) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      const deadline = setTimeout(() => this.#child.kill('SIGKILL'), START_DEADLINE_MS);
      await exit.finally(() => clearTimeout(deadline));
    }
    return this.#child.signalCode ?? this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
