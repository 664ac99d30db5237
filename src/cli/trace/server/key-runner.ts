import { type KvnestClient } from '../../../client/index.js';
import { type Trace } from '../../../modules/trace/trace.interface.js';
import { type BlockBytes } from './block-bytes.js';
import { OutcomeWriter } from './outcome-writer.js';
import { prefetched } from './prefetched.js';
import { type Prefill } from './prefill.js';
import { type RequestOutcome, type RequestRunner } from './request-outcome.interface.js';

/** Blocks that are read, or stored, at a time. */
const AT_ONCE = 8;

/** By key: which are there, those in front of the first that is not, and then the others are stored. */
export class KeyRunner implements RequestRunner {
  constructor(
    private readonly client: KvnestClient,
    private readonly trace: Trace,
    private readonly bytes: BlockBytes,
    private readonly prefill: Prefill,
  ) {}

  prefetch(request: number): Promise<number> {
    return prefetched(this.client, 'kv.prefetch.keys', { keys: this.#blocks(request).map(keyOf) });
  }

  async run(request: number): Promise<RequestOutcome> {
    const { storesOnly, blockBytes } = this.trace;
    const blocks = this.#blocks(request);
    const writer = new OutcomeWriter(this.bytes);
    if (storesOnly[request] === 0) {
      const there = await this.client.exists(blocks.map(keyOf), { lease: true });
      const gap = there.indexOf(false);
      await this.#read(gap === -1 ? blocks : blocks.slice(0, gap), writer);
      await this.prefill.after(request, writer.outcome.hits);
    }
    const missing = blocks.slice(writer.outcome.hits).filter((block) => blockBytes[block] !== 0);
    for (let at = 0; at < missing.length; at += AT_ONCE) {
      await Promise.all(missing.slice(at, at + AT_ONCE).map((block) => this.#store(block, writer)));
    }
    return writer.outcome;
  }

  #blocks(request: number): readonly number[] {
    return [...this.trace.blocks.subarray(this.trace.starts[request], this.trace.starts[request + 1])];
  }

  async #read(blocks: readonly number[], writer: OutcomeWriter): Promise<void> {
    for (let at = 0; at < blocks.length; at += AT_ONCE) {
      const some = blocks.slice(at, at + AT_ONCE);
      const values = await Promise.all(some.map((block) => this.client.get(keyOf(block))));
      for (const [index, bytes] of values.entries()) {
        if (bytes === undefined) return;
        writer.read(some[index] as number, bytes);
      }
    }
  }

  async #store(block: number, writer: OutcomeWriter): Promise<void> {
    const bytes = this.bytes.of(block);
    const { stored } = await this.client.put(keyOf(block), bytes);
    writer.stored(
      bytes.reduce((sum, { length }) => sum + length, 0),
      stored,
    );
  }
}

function keyOf(block: number): string {
  return `kvnest-trace:${block}`;
}
