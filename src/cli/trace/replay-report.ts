import { formatBytes } from '../../common/format-bytes.js';
import { type Capacity } from '../../modules/trace/simulation/capacity.interface.js';
import { type SimulationResult } from '../../modules/trace/simulation/simulate.js';
import { formatTable } from '../format-table.js';

export interface ReplayRow {
  readonly policy: string;
  readonly admission: string;
  readonly capacity: Capacity;
  readonly disk: Capacity | undefined;
  readonly result: SimulationResult;
  /** Of a cache that knows the future, as large as the last tier. */
  readonly optimum: SimulationResult;
}

/** A row for programs; rates are 0 to 1, what does not apply is null. */
export function replayJson({ policy, admission, capacity, disk, result, optimum }: ReplayRow): object {
  return {
    policy,
    admission,
    capacity_blocks: amountIn(capacity, 'blocks'),
    capacity_bytes: amountIn(capacity, 'bytes'),
    disk_blocks: amountIn(disk, 'blocks'),
    disk_bytes: amountIn(disk, 'bytes'),
    hit_rate_blocks: rate(result.hitBlocks, result.blocks),
    hit_rate_tokens: rate(result.hitTokens, result.tokens),
    optimum_hit_rate_blocks: rate(optimum.hitBlocks, optimum.blocks),
    optimum_hit_rate_tokens: rate(optimum.hitTokens, optimum.tokens),
    requests: result.requests,
    blocks: result.blocks,
    hit_blocks: result.hitBlocks,
    tokens: result.tokens,
    hit_tokens: result.hitTokens,
    bytes_read: sum(result.tiers.map(({ bytesRead }) => bytesRead)),
    evictions: sum(result.tiers.map(({ evictions }) => evictions)),
    tiers: result.tiers.map(({ name, bytesRead, evictions, refused }) => ({
      name,
      bytes_read: bytesRead,
      evictions,
      refused,
    })),
  };
}

/** A table for people: by blocks and by tokens, the optimum by blocks. */
export function formatReplay(rows: readonly ReplayRow[]): string {
  const names = rows[0]?.disk === undefined ? ['read', 'evictions'] : READ_OF_TWO;
  const head = ['policy', 'admission', 'capacity', 'blocks hit', 'tokens hit', 'optimum', ...names];
  return formatTable([head, ...rows.map((row) => cells(row))]);
}

const READ_OF_TWO = ['read from memory', 'evictions', 'read from disk', 'evictions'];

function cells({ policy, admission, capacity, disk, result, optimum }: ReplayRow): readonly string[] {
  const width = 'blocks hit'.length;
  return [
    policy,
    admission,
    [capacity, disk].flatMap((held) => (held === undefined ? [] : formatCapacity(held))).join(' + '),
    rate(result.hitBlocks, result.blocks).toFixed(4).padStart(width),
    rate(result.hitTokens, result.tokens).toFixed(4).padStart(width),
    rate(optimum.hitBlocks, optimum.blocks).toFixed(4).padStart('optimum'.length),
    ...result.tiers.flatMap(({ bytesRead, evictions }) => [formatBytes(bytesRead), String(evictions)]),
  ];
}

function formatCapacity({ amount, unit }: Capacity): string {
  return unit === 'blocks' ? String(amount) : formatBytes(amount);
}

function amountIn(capacity: Capacity | undefined, unit: Capacity['unit']): number | null {
  return capacity?.unit === unit ? capacity.amount : null;
}

function rate(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
