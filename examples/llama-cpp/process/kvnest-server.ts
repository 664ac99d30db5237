import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { exitOf } from './child-exit.ts';

/** Ways to the server that the example can go. */
export const DOORS = ['http', 'resp', 'tcp'] as const;
export type Door = (typeof DOORS)[number];

const BIN = fileURLToPath(new URL('../../../bin/kvnest.mjs', import.meta.url));

/** A kvnest server in a process of its own, on free ports of this machine. */
export class KvnestServer implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<null, Readable, null>;
  /** `http://host:port`, `redis://host:port`, `kvnest://host:port` */
  readonly urls: Readonly<Record<Door, string>>;

  private constructor(
    child: ChildProcessByStdio<null, Readable, null>,
    urls: Readonly<Record<Door, string>>,
  ) {
    this.#child = child;
    this.urls = urls;
  }

  /**
   * Starts a server that keeps its data in `folder`; a later one may go on with it.
   * @param settings what to add to the configuration file.
   * @param environment what to add to the environment.
   */
  static async start(
    folder: string,
    settings: Readonly<Record<string, unknown>> = {},
    environment: Readonly<Record<string, string>> = {},
  ): Promise<KvnestServer> {
    const config = join(folder, 'kvnest.yaml');
    const doors = { http: { port: 0 }, resp: { port: 0 }, lm: false, tcp: { port: 0 }, nest: false };
    await writeFile(
      config,
      JSON.stringify({ data_dir: join(folder, 'data'), log_level: 'warn', doors, ...settings }),
    );
    const child = spawn(process.execPath, [BIN, 'serve', '--config', config], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...withoutCacheSettings(process.env), ...environment },
    });
    const urls = await readBanner(child.stdout);
    if (urls === undefined) throw new Error(`The server ended before it listened: ${await exitOf(child)}`);
    child.stdout.resume();
    return new KvnestServer(child, urls);
  }

  /** The answer of `GET /v1/status`. */
  async status(): Promise<unknown> {
    const response = await fetch(`${this.urls.http}/v1/status`);
    if (!response.ok) throw new Error(`The server answered ${response.status}`);
    return response.json();
  }

  /** Ends the server and waits until it is gone. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#child.kill(signal);
    await exitOf(this.#child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** The environment would override the file. */
function withoutCacheSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(KVNEST|LMCACHE)_/.test(name)));
}

/** Reads what the server prints until it has said where its doors are; undefined when it ends before. */
async function readBanner(output: Readable): Promise<Record<Door, string> | undefined> {
  let text = '';
  for await (const line of createInterface({ input: output })) {
    text += `${line}\n`;
    const http = /^ *http +(http:\/\/\S+)/m.exec(text)?.[1];
    const resp = /^ *resp +(redis:\/\/\S+)/m.exec(text)?.[1];
    const tcp = /^ *tcp +(kvnest:\/\/\S+)/m.exec(text)?.[1];
    if (http !== undefined && resp !== undefined && tcp !== undefined) return { http, resp, tcp };
  }
  return undefined;
}
