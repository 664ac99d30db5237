import { type RespValue } from '../../../protocols/resp/resp-reply.interface.js';
import { addressKey, isPort, type RespAddress } from '../../resp-client/resp-address.js';

const LAST_SLOT = 16_383;

/** Which server of a cluster has which slot, as one of them tells it. */
export class SlotMap {
  /** Servers that hold keys. */
  readonly masters: readonly RespAddress[];
  /** Their replicas, too. */
  readonly nodes: readonly RespAddress[];
  readonly #owners: readonly (RespAddress | undefined)[];

  private constructor(ranges: readonly SlotRange[]) {
    this.masters = unique(ranges.map(({ owner }) => owner));
    this.nodes = unique(ranges.flatMap(({ owner, replicas }) => [owner, ...replicas]));
    const owners: (RespAddress | undefined)[] = [];
    for (const { first, last, owner } of ranges)
      for (let slot = first; slot <= last; slot++) owners[slot] = owner;
    this.#owners = owners;
  }

  /**
   * @param reply to CLUSTER SLOTS.
   * @param asked who gave it: it may leave out its own host.
   * @returns undefined for a server that knows of no slot, and for what is no such reply.
   */
  static parse(reply: RespValue, asked: RespAddress): SlotMap | undefined {
    const ranges = listOf(reply).map((range) => parseRange(range, asked));
    const known = ranges.filter((range) => range !== undefined);
    return known.length > 0 ? new SlotMap(known) : undefined;
  }

  ownerOf(slot: number): RespAddress | undefined {
    return this.#owners[slot];
  }
}

interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly owner: RespAddress;
  readonly replicas: readonly RespAddress[];
}

function parseRange(range: RespValue, asked: RespAddress): SlotRange | undefined {
  const [first, last, ...nodes] = listOf(range);
  const [owner, ...replicas] = nodes.map((node) => parseNode(node, asked));
  if (!isSlot(first) || !isSlot(last) || owner === undefined) return undefined;
  return { first, last, owner, replicas: replicas.filter((replica) => replica !== undefined) };
}

function isSlot(value: RespValue | undefined): value is number {
  return typeof value === 'number' && value >= 0 && value <= LAST_SLOT;
}

/** Host and port, and more. A server that does not know how it is reached leaves its host out, or says `?`. */
function parseNode(node: RespValue, asked: RespAddress): RespAddress | undefined {
  const [name, port] = listOf(node);
  const named = Buffer.isBuffer(name) ? name.toString('utf8') : '';
  const host = named === '' && 'host' in asked ? asked.host : named;
  if (host === '' || host === '?' || typeof port !== 'number' || !isPort(port)) return undefined;
  return { host, port };
}

function listOf(value: RespValue | undefined): readonly RespValue[] {
  return Array.isArray(value) ? (value as readonly RespValue[]) : [];
}

function unique(addresses: readonly RespAddress[]): readonly RespAddress[] {
  return [...new Map(addresses.map((address) => [addressKey(address), address])).values()];
}
