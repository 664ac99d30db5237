import { type NixlBlock, type NixlMemoryType, type NixlRead } from './nixl-agent.interface.js';

const BLOCK_NUMBERS = 4;
const NO_HEADERS = new BigUint64Array();
const NO_GROUPS = new Uint32Array();

/** A read as the addon takes it. */
export interface ReadOrder {
  readonly memoryType: number;
  readonly blocks: BigUint64Array;
  readonly headers: BigUint64Array;
  readonly groups: Uint32Array;
}

/** @returns the order, or why it cannot be one: nothing outside the region is ever written. */
export function readOrderOf(request: NixlRead, regionBytes: number): ReadOrder | string {
  const { blocks, headers = [], groups = [] } = request;
  const memoryType = typeOf(blocks[0]);
  if (!blocks.every((block) => isInside(block, regionBytes))) return 'a block lies outside the region';
  if (!blocks.every((block) => typeOf(block) === memoryType)) return 'blocks of several memory types';
  if (memoryType !== 'dram' && headers.length > 0) return `headers do not lie in ${memoryType}`;
  if (!areGroups(groups, blocks.length)) return 'the groups are not those of the blocks';
  return {
    memoryType: memoryType === 'dram' ? 0 : 1,
    blocks: numbersOf(blocks),
    headers: headers.length > 0 ? BigUint64Array.from(headers) : NO_HEADERS,
    groups: groups.length > 0 ? Uint32Array.from(groups) : NO_GROUPS,
  };
}

function typeOf(block: NixlBlock | undefined): NixlMemoryType {
  return block?.memoryType ?? 'dram';
}

function numbersOf(blocks: readonly NixlBlock[]): BigUint64Array {
  const numbers = new BigUint64Array(blocks.length * BLOCK_NUMBERS);
  let at = 0;
  for (const { localOffset, remoteAddress, lengthBytes, device = 0 } of blocks) {
    numbers[at++] = BigInt(localOffset);
    numbers[at++] = remoteAddress;
    numbers[at++] = BigInt(lengthBytes);
    numbers[at++] = BigInt(device);
  }
  return numbers;
}

function isInside({ localOffset: offset, lengthBytes: length }: NixlBlock, regionBytes: number): boolean {
  return (
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length > 0 &&
    offset + length <= regionBytes
  );
}

function areGroups(groups: readonly number[], blockCount: number): boolean {
  let previous = 0;
  for (const end of groups) {
    if (!Number.isInteger(end) || end < previous) return false;
    previous = end;
  }
  return groups.length === 0 || previous === blockCount;
}
