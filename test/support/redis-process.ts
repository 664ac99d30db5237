import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { endsWithTests } from './child-processes.js';

/** A redis-server process of any kind, which can be hurt and started again in the same place. */
export class RedisProcess {
  #child: ChildProcess | undefined;

  private constructor(
    private readonly args: readonly string[],
    private readonly readyText: string,
  ) {}

  /** @param readyText what it logs when it is ready. @throws when redis-server is not installed. */
  static async start(
    args: readonly string[],
    readyText = 'Ready to accept connections',
  ): Promise<RedisProcess> {
    const server = new RedisProcess(args, readyText);
    await server.restart();
    return server;
  }

  /** Starts it with the arguments it had, also after a kill. */
  async restart(): Promise<void> {
    await this.kill();
    const child = endsWithTests(spawn('redis-server', this.args, { stdio: ['ignore', 'pipe', 'inherit'] }));
    this.#child = child;
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`redis-server ended before it was ready:\n${log}`)));
      child.stdout.on('data', (text: Buffer) => {
        log = (log + text.toString()).slice(-10_000);
        if (log.includes(this.readyText)) resolve();
      });
    });
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** It stays there and answers nothing, until `resume`. */
  suspend(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }
}

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
