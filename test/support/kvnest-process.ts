import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { endsWithTests } from './child-processes.js';

const BIN = resolve(import.meta.dirname, '../../bin/kvnest.mjs');

const START_DEADLINE_MS = 45_000;
const END_DEADLINE_MS = 30_000;

export interface KvnestRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Place {
  /** Working directory. Default: that of the configuration file. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The executable. Default: that of this source tree. */
  readonly bin?: string;
}

/** Runs a command of kvnest to its end. */
export function runKvnest(args: readonly string[], { cwd, env }: Place = {}): Promise<KvnestRun> {
  return new Promise((done) => {
    const options = { cwd, env: environment(env), timeout: 60_000 };
    execFile(process.execPath, [BIN, ...args], options, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err });
    });
  });
}

/** Writes a configuration file: doors on free ports, what `settings` say, nothing else. */
export async function writeConfig(
  folder: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<string> {
  const file = join(folder, 'kvnest.yaml');
  const doors = { http: { port: 0 }, resp: { port: 0 }, lm: false, tcp: false, nest: false };
  await writeFile(file, JSON.stringify({ data_dir: join(folder, 'data'), doors, ...settings }));
  return file;
}

/** A server in a process of its own, as `kvnest serve` runs it. */
export class KvnestProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly httpUrl: string;
  readonly respPort: number;
  /** Empty where the TCP door is shut. */
  readonly tcpUrl: string;
  readonly #output: { text: string };

  private constructor(
    child: ChildProcess,
    output: { text: string },
    {
      httpUrl,
      respPort,
      tcpUrl,
    }: { readonly httpUrl: string; readonly respPort: number; readonly tcpUrl: string },
  ) {
    this.#child = child;
    this.#output = output;
    this.httpUrl = httpUrl;
    this.respPort = respPort;
    this.tcpUrl = tcpUrl;
  }

  static async start(config: string, { cwd, env, bin = BIN }: Place = {}): Promise<KvnestProcess> {
    const child = endsWithTests(
      spawn(process.execPath, [bin, 'serve', '--config', config], {
        cwd,
        env: environment(env),
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    const output = { text: '' };
    const banner = new Promise<RegExpExecArray>((found, missed) => {
      const read = (text: Buffer): void => {
        output.text += text.toString();
        const ports = /http +(http:\/\/\S+)[\s\S]*resp +redis:\/\/[\d.]+:(\d+)/.exec(output.text);
        if (ports !== null) found(ports);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', () => missed(new Error(`the server ended before it listened:\n${output.text}`)));
    });
    const deadline = setTimeout(() => child.kill('SIGKILL'), START_DEADLINE_MS);
    const [, httpUrl = '', respPort] = await banner.finally(() => clearTimeout(deadline));
    const [, tcpUrl = ''] = /tcp +(kvnests?:\/\/\S+)/.exec(output.text) ?? [];
    return new KvnestProcess(child, output, { httpUrl, respPort: Number(respPort), tcpUrl });
  }

  /** What it printed and logged so far. */
  get output(): string {
    return this.#output.text;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async status(): Promise<{ readonly tiers: readonly { readonly name: string; readonly chunks: number }[] }> {
    const response = await fetch(`${this.httpUrl}/v1/status`);
    return (await response.json()) as Awaited<ReturnType<KvnestProcess['status']>>;
  }

  /** It stands still, and its connections stay open. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), END_DEADLINE_MS);
    const [, ended] = (await exit.finally(() => clearTimeout(deadline))) as readonly unknown[];
    if (ended === 'SIGKILL' && signal !== 'SIGKILL')
      throw new Error(`the server did not end after ${signal}:\n${this.#output.text}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Without the settings of whoever runs the tests. */
function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const env = Object.entries(process.env).filter(([name]) => !/^(KVNEST|LMCACHE|NODE_OPTIONS)/.test(name));
  return { ...Object.fromEntries(env), NO_COLOR: '1', ...extra };
}
