import { type MemoryReplica } from '../../../src/protocols/mooncake/mooncake-reply.js';
import { type ObjectToPut } from '../../../src/protocols/mooncake/mooncake-request.js';
import { MooncakeMasters } from '../../../src/connectors/mooncake/master/mooncake-masters.js';
import { SegmentOwners } from '../../../src/connectors/mooncake/owners/segment-owners.js';

/** The parts of our client, without the rules that keep it out of harm. */
export class MooncakeRawClient implements Disposable {
  readonly masters: MooncakeMasters;
  readonly owners: SegmentOwners;

  constructor(port: number) {
    const label = 'mooncakestore://raw';
    const times = { connectTimeoutMs: 5_000, silenceMs: 5_000, masterSilenceMs: 5_000, banMs: 0 };
    this.masters = new MooncakeMasters({
      label,
      ...times,
      masters: [{ host: '127.0.0.1', port }],
      tenant: 'default',
      replicas: 1,
    });
    this.owners = new SegmentOwners({
      label,
      ...times,
      connections: 1,
      metadataServer: undefined,
      logger: { warn: () => undefined },
    });
  }

  /** Where an object is. */
  async locate(name: string): Promise<MemoryReplica> {
    const [list] = await this.masters.replicaLists([name], undefined);
    const [replica] = list?.replicas ?? [];
    if (replica === undefined) throw new Error(`there is no ${name}`);
    return replica;
  }

  /** Begins a put and does not end it. */
  async begin(object: ObjectToPut): Promise<MemoryReplica> {
    const [grant] = await this.masters.putStart([object]);
    if (grant === undefined || 'code' in grant) throw new Error(`no memory for ${object.name}`);
    return grant[0]!;
  }

  /** The bytes at a place, whatever they belong to now. */
  async read({ lengthBytes, ...replica }: MemoryReplica): Promise<Buffer> {
    const bytes = Buffer.alloc(lengthBytes);
    let filled = 0;
    const target = {
      target: (maxBytes: number) => bytes.subarray(filled, filled + maxBytes),
      advance: (count: number) => void (filled += count),
    };
    const place = { ...replica, lengthBytes };
    const isThere = await this.owners.read(place, (connection) => connection.read(place, target));
    if (isThere !== true) throw new Error('there is no such memory');
    return bytes;
  }

  /** Changes the last byte of an object behind everybody's back. */
  async damage(name: string): Promise<void> {
    const replica = await this.locate(name);
    const at = { ...replica, address: replica.address + BigInt(replica.lengthBytes - 1), lengthBytes: 1 };
    const byte = await this.read(at);
    await this.owners.write(at, [Buffer.from([byte.readUInt8(0) ^ 1])]);
  }

  [Symbol.dispose](): void {
    this.masters.close();
    this.owners.close();
  }
}
