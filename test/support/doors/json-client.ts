import {
  type ClearFilter,
  type KeyOptions,
  type LookupAnswer,
  type LookupOptions,
} from '../../../src/client/index.js';
import { type DoorClientStatus, type DoorKey } from '../../contracts/door/door-client.interface.js';
import { keysJson, type LookupJson, lookupJson, lookupOf } from './json-answers.js';

/** What is JSON at every door that speaks it: the same handlers answer. */
export abstract class JsonClient {
  /** @param name of the call, such as `exists`. */
  protected abstract ask(name: string, data: object): Promise<unknown>;

  async exists(
    keys: readonly DoorKey[],
    { lease, ...options }: KeyOptions & { readonly lease?: boolean } = {},
  ): Promise<readonly boolean[]> {
    const answer = await this.ask('exists', { ...keysJson(keys, options), lease });
    return (answer as { tiers: (string | null)[] }).tiers.map((tier) => tier !== null);
  }

  async delete(keys: readonly DoorKey[], options?: KeyOptions): Promise<readonly boolean[]> {
    const answer = await this.ask('delete', keysJson(keys, options));
    return (answer as { deleted: boolean[] }).deleted;
  }

  async pin(
    keys: readonly DoorKey[],
    { pinMs, ...options }: KeyOptions & { readonly pinMs?: number } = {},
  ): Promise<readonly boolean[]> {
    const answer = await this.ask('pin', { ...keysJson(keys, options), timeout_ms: pinMs });
    return (answer as { pinned: boolean[] }).pinned;
  }

  async unpin(keys: readonly DoorKey[], options?: KeyOptions): Promise<readonly boolean[]> {
    const answer = await this.ask('unpin', keysJson(keys, options));
    return (answer as { unpinned: boolean[] }).unpinned;
  }

  async lookup(tokens: readonly number[], options: LookupOptions): Promise<LookupAnswer> {
    return lookupOf((await this.ask('lookup', lookupJson(tokens, options))) as LookupJson);
  }

  async clear(filter: ClearFilter = {}): Promise<number> {
    return ((await this.ask('clear', filter)) as { removed: number }).removed;
  }

  async status(): Promise<DoorClientStatus> {
    return (await this.ask('status', {})) as DoorClientStatus;
  }
}
