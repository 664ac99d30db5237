import { type CallOptions } from '../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { KeyFilter } from '../../protocols/kvnest-tcp/key-filter.js';
import { hashKey } from '../../protocols/kvnest-tcp/key-hash.js';
import { NO_SUMMARY, type SummaryAnswer, type SummaryVersion } from '../../protocols/kvnest-tcp/summary.js';
import { type PeerSummary } from './peer-reader.interface.js';

/** What is known of the keys of a peer. */
export class KeySummary implements PeerSummary {
  #version = NO_SUMMARY;
  #filter: KeyFilter | undefined;
  #refreshedAtMs = -Infinity;

  /** @param ask asks the peer for what has changed since a version. */
  constructor(
    private readonly ask: (since: SummaryVersion, options?: CallOptions) => Promise<SummaryAnswer>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get refreshedAtMs(): number {
    return this.#refreshedAtMs;
  }

  mayHave({ bytes, namespace }: ChunkKey): boolean {
    return this.#filter?.mayHave(hashKey(bytes, namespace)) ?? true;
  }

  async refresh(options?: CallOptions): Promise<void> {
    // What is stored there while the answer comes is not in it.
    const askedAtMs = this.now();
    const asked = this.#version;
    const answer = await this.ask(asked, options);
    if (this.#version.id !== asked.id) return;
    if (answer.kind === 'none') this.#forget();
    else if (answer.kind === 'whole') this.#filter = new KeyFilter(answer.filter);
    else if (answer.id !== asked.id || this.#filter === undefined) this.#forget();
    else for (const hash of answer.hashes) this.#filter.add(hash);
    if (this.#filter === undefined || answer.kind === 'none') return;
    this.#version = { id: answer.id, version: answer.version };
    this.#refreshedAtMs = askedAtMs;
  }

  #forget(): void {
    this.#version = NO_SUMMARY;
    this.#filter = undefined;
    this.#refreshedAtMs = -Infinity;
  }
}
