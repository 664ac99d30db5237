import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type Awaitable } from '../../common/awaitable.js';
import { type PutOutcome } from '../storage-backend.interface.js';
import { keyFits } from './key-limit.js';
import { type PendingWrite } from './pending-writes.js';
import { type RemoteParts } from './remote-parts.interface.js';
import { type StoreHealth } from './store-health.js';
import { type StoreQueue } from './store-queue.js';

/** Why a put is not tried; undefined when it was accepted by the queue. */
type Refusal = 'rejected' | 'busy' | 'failed' | undefined;

/** Puts chunks into the store, in the background of whoever does not wait for the outcome. */
export class ChunkPuts {
  constructor(
    private readonly parts: RemoteParts,
    private readonly queue: StoreQueue,
    private readonly health: StoreHealth,
  ) {}

  /** @param chunk stays the caller's. */
  put(chunk: ArenaHandle): Awaitable<PutOutcome> {
    const { order, pending, connector } = this.parts;
    const { key } = chunk;
    if (!keyFits(key, connector.capabilities.maxKeyBytes)) return 'rejected';
    const kept = chunk.retain();
    const write = pending.begin(key, kept);
    const refusal = this.#accept(kept.lengthBytes);
    return order.write([key], () => this.#finish(write, kept, refusal));
  }

  #accept(lengthBytes: number): Awaitable<Refusal> {
    if (lengthBytes > this.parts.connector.capabilities.maxValueBytes) return 'rejected';
    if (!this.health.isUp) return 'failed';
    const accepted = this.queue.enter(lengthBytes);
    const refusalOf = (isAccepted: boolean): Refusal => (isAccepted ? undefined : 'busy');
    return accepted instanceof Promise ? accepted.then(refusalOf) : refusalOf(accepted);
  }

  /** A put that another write of its key has overtaken is done: nobody could see it any more. */
  async #finish(write: PendingWrite, chunk: ArenaHandle, refusal: Awaitable<Refusal>): Promise<PutOutcome> {
    const { pending, hidden, hide } = this.parts;
    const { lengthBytes } = chunk;
    const refused = await refusal;
    try {
      const outcome = refused ?? (await this.queue.send(lengthBytes, () => this.#send(write, chunk)));
      if (outcome === 'overtaken') return 'stored';
      // What the store itself answers, it answers with no older chunk left.
      if (refused !== undefined || outcome === 'failed') hide(write.key);
      else hidden.show(write.key);
      return outcome;
    } finally {
      if (refused === undefined) this.queue.leave(lengthBytes);
      pending.end(write);
      chunk[Symbol.dispose]();
    }
  }

  async #send(write: PendingWrite, chunk: ArenaHandle): Promise<PutOutcome | 'overtaken'> {
    const { pending, connector, calls } = this.parts;
    if (!pending.isLatest(write)) return 'overtaken';
    if (!this.health.isUp) return 'failed';
    write.isSending = true;
    return calls.attempt<PutOutcome, 'failed'>(() => connector.put(chunk), 'failed');
  }
}
