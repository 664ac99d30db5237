/** One tensor of the cache: a row holds one token's keys (or values) of all heads. */
export interface KvRows {
  /** Number of the element type in ggml: 1 = f16, 8 = q8_0. */
  readonly type: number;
  readonly rowBytes: number;
}

/** How an engine keeps its keys and values, and so what a chunk is made of. */
export interface KvLayout {
  /** One per layer. */
  readonly keys: readonly KvRows[];
  readonly values: readonly KvRows[];
}

/** Tensors in the order in which a state and a chunk hold them: the keys of all layers, then the values. */
export function tensorsOf(layout: KvLayout): readonly KvRows[] {
  return [...layout.keys, ...layout.values];
}

export function bytesPerToken(layout: KvLayout): number {
  return tensorsOf(layout).reduce((sum, tensor) => sum + tensor.rowBytes, 0);
}

/** Equal for engines whose chunks may be exchanged, as far as the layout goes. */
export function describeLayout({ keys, values }: KvLayout): string {
  const describe = (rows: readonly KvRows[]): string =>
    rows.map((row) => `${row.type}:${row.rowBytes}`).join(',');
  return `keys ${describe(keys)} values ${describe(values)}`;
}
