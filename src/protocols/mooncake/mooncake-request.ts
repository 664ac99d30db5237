import { type MooncakeSchema } from './mooncake-schema.js';
import { packValue } from './struct-pack.js';
import { type WireValue } from './wire-value.js';

/** Replicas of every kind. */
const ALL_REPLICAS = 4;

/** On whose behalf something is asked. */
export interface MooncakeCaller {
  /** 16 bytes. A put belongs to the client that began it. */
  readonly clientId: Buffer;
  readonly tenant: string;
}

export interface ObjectToPut {
  readonly name: string;
  readonly lengthBytes: number;
}

/** The bodies of requests, in the words of one release. */
export class MooncakeRequests {
  readonly #client: WireValue;

  constructor(
    readonly schema: MooncakeSchema,
    private readonly caller: MooncakeCaller,
  ) {
    const { clientId } = caller;
    this.#client = [clientId.readBigUInt64LE(0), clientId.readBigUInt64LE(8)];
  }

  /** BatchExistKey. Each object that is there gets a lease. */
  existMany(names: readonly string[]): Buffer {
    return packValue(this.schema.existMany, [names, this.caller.tenant]);
  }

  /** BatchGetReplicaList. Each object that is there gets a lease. */
  replicasOfMany(names: readonly string[]): Buffer {
    return packValue(this.schema.replicasOfMany, [names, this.caller.tenant]);
  }

  /** BatchRemove. @param isForced also objects with a lease, which others may be reading. */
  removeMany(names: readonly string[], isForced: boolean): Buffer {
    return packValue(this.schema.removeMany, [names, isForced, this.caller.tenant]);
  }

  /** PutStart. Of length 0 it is refused in the right schema, and a fault in any other: it tells which one it is. */
  putStart({ name, lengthBytes }: ObjectToPut, replicas: number): Buffer {
    const { putStart, replicateOf, putStartCompatible: compatible } = this.schema;
    const fields = [this.#client, name, BigInt(lengthBytes), replicateOf(replicas), this.caller.tenant];
    return packValue(putStart, fields, { compatible });
  }

  /** BatchPutStart. */
  putStartMany(objects: readonly ObjectToPut[], replicas: number): Buffer {
    const { putStartMany, replicateOf, putStartCompatible: compatible } = this.schema;
    const names = objects.map(({ name }) => name);
    const lengths = objects.map(({ lengthBytes }) => BigInt(lengthBytes));
    const fields = [this.#client, names, lengths, replicateOf(replicas), this.caller.tenant];
    return packValue(putStartMany, fields, { compatible });
  }

  /** BatchPutEnd: from here on the objects can be read. */
  putEndMany(names: readonly string[]): Buffer {
    const { putEndMany, objectOf } = this.schema;
    return packValue(putEndMany, [this.#client, names.map(objectOf), ALL_REPLICAS, this.caller.tenant]);
  }

  /** PutRevoke: the memory is free again, and the name. */
  putRevoke(name: string): Buffer {
    return packValue(this.schema.putRevoke, [this.#client, name, ALL_REPLICAS, this.caller.tenant]);
  }
}
