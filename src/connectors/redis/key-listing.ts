import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type RespValue } from '../../protocols/resp/resp-reply.interface.js';
import { remoteProtocol } from '../connector-errors.js';
import { type ListPage } from '../remote-connector.interface.js';
import { addressKey } from '../resp-client/resp-address.js';
import { expectNoError } from '../resp-client/resp-errors.js';
import { encodeCommand } from '../resp-client/resp-request.js';
import { type RedisLayout } from './layouts/redis-layout.interface.js';
import { type RedisServer, type RedisServers } from './redis-servers.js';

/** What SCAN looks at in one call at most, so that nobody else waits long for the server. */
const MAX_COUNT = 10_000;

/**
 * Names chunks page by page, one server after the other in the order of their addresses. A cursor is that of SCAN and
 * the address of its server, so that servers may come and go meanwhile.
 */
export class KeyListing {
  constructor(
    private readonly label: string,
    private readonly servers: RedisServers,
    private readonly layout: RedisLayout,
  ) {}

  async page(cursor: string, count: number, signal?: AbortSignal): Promise<ListPage> {
    const [, scan = '0', address = ''] = /^(\d+)@(.*)$/s.exec(cursor) ?? [];
    const [server, next] = this.#from(address);
    if (server === undefined) return { keys: [], cursor: '' };
    const at = addressKey(server.address);
    const { found, rest } = await this.#scan(server, at === address ? scan : '0', count, signal);
    if (rest !== '0') return { keys: found, cursor: `${rest}@${at}` };
    return { keys: found, cursor: next === undefined ? '' : `0@${addressKey(next.address)}` };
  }

  /** The server at this address, or else the first behind it, and the one after that. */
  #from(address: string): readonly RedisServer[] {
    return this.servers
      .all()
      .filter((server) => addressKey(server.address) >= address)
      .sort((a, b) => (addressKey(a.address) < addressKey(b.address) ? -1 : 1))
      .slice(0, 2);
  }

  async #scan(
    server: RedisServer,
    cursor: string,
    count: number,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly found: readonly ChunkKey[]; readonly rest: string }> {
    const atMost = String(Math.max(1, Math.min(count, MAX_COUNT)));
    const command = encodeCommand('SCAN', cursor, 'MATCH', this.layout.pattern, 'COUNT', atMost);
    const replies = await this.servers.send(server, ({ pool }) => pool.ask([command], { signal }));
    expectNoError(this.label, replies);
    const [rest, names] = Array.isArray(replies[0]) ? (replies[0] as readonly RespValue[]) : [];
    if (!Buffer.isBuffer(rest) || !Array.isArray(names))
      throw remoteProtocol(this.label, 'it answers SCAN with no page');
    const keys = (names as readonly RespValue[])
      .filter((name) => Buffer.isBuffer(name))
      .map((name) => this.layout.parse(name))
      .filter((key) => key !== undefined);
    return { found: [...new Map(keys.map((key) => [key.id, key])).values()], rest: rest.toString('latin1') };
  }
}
