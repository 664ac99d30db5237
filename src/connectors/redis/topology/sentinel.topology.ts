import { RespErrorReply, type RespValue } from '../../../protocols/resp/resp-reply.interface.js';
import { type ConnectorLogger } from '../../connector-definition.interface.js';
import { remoteFailed, remoteProtocol, remoteRefused, remoteUnreachable } from '../../connector-errors.js';
import { addressKey, isPort, type RespAddress } from '../../resp-client/resp-address.js';
import { respError } from '../../resp-client/resp-errors.js';
import { askOnce, openSentinel, openServer } from '../redis-server-calls.js';
import { type RedisSettings } from '../redis-settings.js';
import { firstSuccess } from './first-success.js';
import { PacedLookup } from './paced-lookup.js';
import { type RedisTopology } from './redis-topology.interface.js';
import { type SentinelWatch } from './sentinel-watch.js';

const PATIENCE_MS = 250;

/**
 * One master that holds all keys, and sentinels that say who it is. Who shall be master must say so himself: a sentinel
 * whose news are old does not lead to a server that was one once.
 */
export class SentinelTopology implements RedisTopology {
  readonly redirects = false;
  #master: RespAddress | undefined;
  #lookup: PacedLookup | undefined;
  #watch: SentinelWatch | undefined;

  constructor(
    private readonly settings: RedisSettings,
    private readonly logger: Pick<ConnectorLogger, 'log'>,
  ) {}

  async open(signal?: AbortSignal): Promise<void> {
    // It brings ioredis, some 20 MB that only a server behind sentinels is to pay for.
    const { SentinelWatch } = await import('./sentinel-watch.js');
    this.#master = await this.#find(signal);
    this.#lookup = new PacedLookup(async (stop) => this.#follow(await this.#find(stop)));
    this.#watch = new SentinelWatch(this.settings, (address) => void this.#onSwitch(address));
  }

  close(): Promise<void> {
    this.#lookup?.close();
    this.#watch?.close();
    this.#lookup = undefined;
    this.#watch = undefined;
    this.#master = undefined;
    return Promise.resolve();
  }

  serverOf(): RespAddress {
    if (this.#master === undefined) throw remoteUnreachable(this.settings.label);
    return this.#master;
  }

  servers(): readonly RespAddress[] {
    return this.#master === undefined ? [] : [this.#master];
  }

  refresh(): Promise<void> {
    return this.#lookup?.run() ?? Promise.resolve();
  }

  #follow(master: RespAddress): void {
    if (this.#master === undefined || addressKey(this.#master) === addressKey(master)) return;
    this.#master = master;
    this.logger.log(`${this.settings.serviceName} has a new master: ${addressKey(master)}`);
  }

  async #onSwitch(address: RespAddress): Promise<void> {
    try {
      this.#follow(await this.#masterOnly(address));
    } catch {
      this.refresh().catch(() => undefined);
    }
  }

  #find(signal: AbortSignal | undefined): Promise<RespAddress> {
    const { addresses } = this.settings;
    const ask = async (sentinel: RespAddress, stop: AbortSignal): Promise<RespAddress> =>
      this.#masterOnly(await this.#ask(sentinel, stop), stop);
    return firstSuccess(addresses, ask, { patienceMs: PATIENCE_MS, signal });
  }

  async #ask(sentinel: RespAddress, signal: AbortSignal): Promise<RespAddress> {
    const { label, serviceName } = this.settings;
    const command = ['SENTINEL', 'get-master-addr-by-name', serviceName] as const;
    const reply = await askOnce(
      openSentinel(this.settings, sentinel, signal),
      this.settings,
      command,
      signal,
    );
    if (reply instanceof RespErrorReply) throw respError(label, reply);
    if (reply === null) throw remoteRefused(label, `its sentinels know no master named ${serviceName}`);
    const [host, port] = textsOf(reply);
    if (host === undefined || host === '' || !isPort(Number(port)))
      throw remoteProtocol(label, 'a sentinel names a master without an address');
    return { host, port: Number(port) };
  }

  /** @throws KV_REMOTE_FAILED for a replica. */
  async #masterOnly(address: RespAddress, signal?: AbortSignal): Promise<RespAddress> {
    const { label } = this.settings;
    const reply = await askOnce(openServer(this.settings, address, signal), this.settings, ['ROLE'], signal);
    // Who may not ask for the role is told READONLY soon enough.
    const mayNotAsk = reply instanceof RespErrorReply && reply.code === 'NOPERM';
    if (mayNotAsk || textsOf(reply)[0] === 'master') return address;
    if (reply instanceof RespErrorReply) throw respError(label, reply);
    throw remoteFailed(label, `${addressKey(address)} is no master`, { retryable: true });
  }
}

function textsOf(reply: RespValue): readonly string[] {
  const list = Array.isArray(reply) ? (reply as readonly RespValue[]) : [];
  return list.map((item) => (Buffer.isBuffer(item) ? item.toString('utf8') : ''));
}
