import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type PluginStatus } from '../../src/plugins/plugin-status.interface.js';
import { expectEventually } from './eventually.js';
import { KvnestProcess, writeConfig } from './kvnest-process.js';

const EXAMPLES = resolve(import.meta.dirname, '../../examples/plugins');

export interface PluginWorldOptions {
  /** Programs by the name of their file, each with its first line. */
  readonly scripts?: Readonly<Record<string, string>>;
  /** Files of examples/plugins. */
  readonly examples?: readonly string[];
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

export type PluginWorldRequest = Omit<RequestInit, 'headers'> & {
  readonly headers?: Readonly<Record<string, string>>;
};

/** A real server, in a process of its own, with plugin scripts. */
export class PluginWorld implements AsyncDisposable {
  #server: KvnestProcess;

  private constructor(
    readonly folder: string,
    server: KvnestProcess,
    private readonly start: () => Promise<KvnestProcess>,
    private readonly token: string | undefined,
  ) {
    this.#server = server;
  }

  static async start({
    scripts = {},
    examples = [],
    settings = {},
    env = {},
  }: PluginWorldOptions): Promise<PluginWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'kvnest-plugins-'));
    try {
      for (const [name, text] of Object.entries(scripts)) {
        const file = join(folder, 'plugins', name);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, text, { mode: 0o755 });
      }
      const config = await writeConfig(folder, {
        ...('tiers' in settings ? {} : { max_local_cpu_size: 0.0625, max_local_disk_size: 0 }),
        runtime_plugin_locations: [
          ...(Object.keys(scripts).length > 0 ? [join(folder, 'plugins')] : []),
          ...examples.map((name) => join(EXAMPLES, name)),
        ],
        ...settings,
      });
      const start = (): Promise<KvnestProcess> => KvnestProcess.start(config, { cwd: folder, env });
      const { token } = (settings['auth'] ?? {}) as { token?: string };
      return new PluginWorld(folder, await start(), start, token);
    } catch (error) {
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  get server(): KvnestProcess {
    return this.#server;
  }

  /** Ends the server and starts another in its place. */
  async restart(): Promise<void> {
    await this.#server.stop();
    this.#server = await this.start();
  }

  fetch(path: string, { headers = {}, ...init }: PluginWorldRequest = {}): Promise<Response> {
    const authorization = this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
    return fetch(`${this.server.httpUrl}${path}`, { ...init, headers: { ...authorization, ...headers } });
  }

  async plugin(name: string): Promise<PluginStatus> {
    const response = await this.fetch(`/v1/plugins/${encodeURIComponent(name)}`);
    return (await response.json()) as PluginStatus;
  }

  async expectState(name: string, expected: Partial<PluginStatus>): Promise<void> {
    await expectEventually(async () => {
      const status = await this.plugin(name);
      return Object.entries(expected).every(([key, value]) => status[key as keyof PluginStatus] === value);
    }, 20_000);
  }

  async expectLogged(text: RegExp): Promise<void> {
    await expectEventually(() => this.server.output.search(text) >= 0, 20_000);
  }

  /** One number of `/metrics`. */
  async metric(sample: string): Promise<number> {
    const text = await (await this.fetch('/metrics')).text();
    const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
    return Number(line?.slice(sample.length + 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
    await rm(this.folder, { recursive: true });
  }
}

/** Whether there is such a process; one that has ended and was not reaped counts as none. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
  } catch {
    return false;
  }
}
