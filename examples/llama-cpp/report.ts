import { type PromptResult } from './engine/run-prompt.ts';

const COLUMNS = ['engine process', 'first token', 'tokens computed', 'MiB loaded', 'MiB stored'] as const;

/** A table of runs for the terminal; what the cache could not do stands below it. */
export function formatRuns(runs: readonly (readonly [name: string, result: PromptResult])[]): string {
  const rows = runs.map(([name, result]) => [
    name,
    `${result.firstTokenMs.toFixed(0)} ms`,
    result.tokensComputed.toLocaleString('en'),
    mebibytes(result.bytesLoaded),
    mebibytes(result.bytesStored),
  ]);
  const widths = COLUMNS.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const errors = runs.flatMap(([name, { cacheError }]) =>
    cacheError === undefined ? [] : [`${name}: ${cacheError}`],
  );
  const lines = [COLUMNS, widths.map((width) => '-'.repeat(width)), ...rows].map((cells) =>
    cells.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '),
  );
  return `${[...lines, ...errors].join('\n')}\n`;
}

/** Names to the left, numbers to the right. */
function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function mebibytes(bytes: number): string {
  return bytes === 0 ? '-' : (bytes / 2 ** 20).toFixed(1);
}
