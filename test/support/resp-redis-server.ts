import { freePort, RedisProcess } from './redis-process.js';
import { type CertificateFiles, type TestCertificates } from './tls-certificates.js';

const VOLATILE = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];

/** A real redis-server that keeps nothing on disk. */
export class RedisServer {
  private constructor(
    /** TCP, or TLS; 0 for a server on a Unix socket. */
    readonly port: number,
    private readonly process: RedisProcess,
  ) {}

  /** @throws when redis-server is not installed (`npm test` sees to it). */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const port = await freePort();
    return new RedisServer(port, await RedisProcess.start(['--port', String(port), ...VOLATILE, ...options]));
  }

  /** Speaks TLS only, with this certificate, and takes clients with a certificate of the same authority. */
  static async startTls(
    { authority }: TestCertificates,
    { certificate, key }: CertificateFiles,
    ...options: readonly string[]
  ): Promise<RedisServer> {
    const port = await freePort();
    const own = ['--tls-port', String(port), '--tls-cert-file', certificate, '--tls-key-file', key];
    const all = ['--port', '0', ...own, '--tls-ca-cert-file', authority, ...VOLATILE, ...options];
    return new RedisServer(port, await RedisProcess.start(all));
  }

  /** Listens on a Unix socket only. */
  static async startUnix(path: string, ...options: readonly string[]): Promise<RedisServer> {
    const all = ['--port', '0', '--unixsocket', path, ...VOLATILE, ...options];
    return new RedisServer(0, await RedisProcess.start(all, 'ready to accept connections at'));
  }

  stop(): Promise<void> {
    return this.process.kill();
  }

  /** kill -9, if it runs, and a new one in the same place, empty. */
  restart(): Promise<void> {
    return this.process.restart();
  }

  /** It stays there and answers nothing, until `resume`. */
  suspend(): void {
    this.process.suspend();
  }

  resume(): void {
    this.process.resume();
  }
}
