import { type WireValue } from './wire-value.js';

const UUID = 'fd04048989ff';
const TEXT = '800c';
const TENANT = TEXT;
const REPLICA_TYPE = '01';

/** The literals of the requests that one release of Mooncake's master takes. */
export interface MooncakeSchema {
  readonly release: '0.3.12' | '0.3.13' | '0.3.14';
  readonly existMany: Buffer;
  readonly replicasOfMany: Buffer;
  readonly removeMany: Buffer;
  readonly putStart: Buffer;
  readonly putStartMany: Buffer;
  readonly putEndMany: Buffer;
  readonly putRevoke: Buffer;
  /** How the end of a put names its object. */
  readonly objectOf: (name: string) => WireValue;
  /** ReplicateConfig: so many copies, and otherwise the defaults. */
  readonly replicateOf: (replicas: number) => WireValue;
  /** Fields that the release added to the start of a put, none of them set. */
  readonly putStartCompatible: Buffer | undefined;
}

interface Row {
  readonly release: MooncakeSchema['release'];
  readonly replicate: string;
  readonly replicateOf: (replicas: number) => WireValue;
  readonly object: string;
  readonly objectOf: (name: string) => WireValue;
  readonly compatibleFields: number;
}

/** copies, NoF copies, soft pin, hard pin, segments, segment, NoF segments, same node, data type, host, groups. */
const replicateOf12 = (replicas: number): WireValue => [
  BigInt(replicas),
  0n,
  false,
  false,
  [],
  '',
  [],
  false,
  0,
  '',
  undefined,
];

/** As before; DFS copies came in, and the soft pin became an action and a time. */
const replicateOf13 = (replicas: number): WireValue => [
  BigInt(replicas),
  0n,
  0n,
  0,
  undefined,
  false,
  [],
  '',
  [],
  false,
  0,
  '',
  undefined,
];

const REPLICATE_13 = 'fd0404040685040b84800c800c84800c0b06800c8584800cff';
const objectOf13 = (name: string): WireValue => [name, undefined];

const ROWS: readonly Row[] = [
  {
    release: '0.3.12',
    replicate: 'fd04040b0b84800c800c84800c0b06800c8584800cff',
    replicateOf: replicateOf12,
    object: TEXT,
    objectOf: (name) => name,
    compatibleFields: 0,
  },
  {
    release: '0.3.13',
    replicate: REPLICATE_13,
    replicateOf: replicateOf13,
    object: 'fd800c8504ff',
    objectOf: objectOf13,
    compatibleFields: 0,
  },
  {
    release: '0.3.14',
    replicate: REPLICATE_13,
    replicateOf: replicateOf13,
    object: 'fd800c8504ff',
    objectOf: objectOf13,
    compatibleFields: 4,
  },
];

/** What is spoken, one row for each release that changed it, the oldest first. */
export const MOONCAKE_SCHEMAS: readonly MooncakeSchema[] = ROWS.map(schemaOf);

function schemaOf(row: Row): MooncakeSchema {
  const { release, replicate, replicateOf, object, objectOf, compatibleFields } = row;
  return {
    release,
    replicateOf,
    objectOf,
    existMany: struct(list(TEXT), TENANT),
    replicasOfMany: struct(list(TEXT), TENANT),
    removeMany: struct(list(TEXT), '0b', TENANT),
    putStart: struct(UUID, TEXT, '04', replicate, TENANT),
    putStartMany: struct(UUID, list(TEXT), list('04'), replicate, TENANT),
    putEndMany: struct(UUID, list(object), REPLICA_TYPE, TENANT),
    putRevoke: struct(UUID, TEXT, REPLICA_TYPE, TENANT),
    putStartCompatible: compatibleFields === 0 ? undefined : Buffer.alloc(compatibleFields),
  };
}

function struct(...fields: readonly string[]): Buffer {
  return Buffer.from(`fd${fields.join('')}ff`, 'hex');
}

function list(item: string): string {
  return `84${item}`;
}
