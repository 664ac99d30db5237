import { type Clock } from '../../common/clock.js';
import {
  type PlainCapabilities,
  type PlainConnector,
  type PlainListPage,
  type PlainPutOptions,
} from '../plain-connector.interface.js';
import { type LoopbackStore } from './loopback.store.js';

/** Keeps chunks in this process: the smallest connector that does all a connector can. */
export class LoopbackConnector implements PlainConnector {
  readonly capabilities: Partial<PlainCapabilities> = { shared: true, ttl: true };

  constructor(
    private readonly store: LoopbackStore,
    private readonly clock: Clock,
  ) {}

  exists(name: string): Promise<boolean> {
    return Promise.resolve(this.#find(name) !== undefined);
  }

  get(name: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#find(name));
  }

  put(name: string, value: Uint8Array, options?: PlainPutOptions): Promise<void> {
    this.store.set(name, { value: Buffer.from(value), expiresAtMs: options?.expiresAtMs ?? 0 });
    return Promise.resolve();
  }

  remove(name: string): Promise<boolean> {
    const found = this.#find(name) !== undefined;
    this.store.delete(name);
    return Promise.resolve(found);
  }

  /** The cursor is the last name of the page before: names that come and go do not move the others. */
  list(cursor: string, count: number): Promise<PlainListPage> {
    const names = [...this.store.keys()].sort().filter((name) => name > cursor);
    const page = names.slice(0, count);
    const last = names.length > page.length ? (page.at(-1) ?? '') : '';
    return Promise.resolve({ names: page.filter((name) => this.#find(name) !== undefined), cursor: last });
  }

  #find(name: string): Uint8Array | undefined {
    const entry = this.store.get(name);
    if (entry === undefined) return undefined;
    if (entry.expiresAtMs === 0 || entry.expiresAtMs > this.clock.nowMs()) return entry.value;
    this.store.delete(name);
    return undefined;
  }
}
