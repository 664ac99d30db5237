export interface LoopbackEntry {
  readonly value: Uint8Array;
  readonly expiresAtMs: number;
}

/** What a loopback connector speaks to: a store of this process. */
export type LoopbackStore = Map<string, LoopbackEntry>;

const stores = new Map<string, LoopbackStore>();

/** The store of this name, the same for everybody in the process. */
export function loopbackStore(name: string): LoopbackStore {
  const store = stores.get(name) ?? new Map<string, LoopbackEntry>();
  stores.set(name, store);
  return store;
}
