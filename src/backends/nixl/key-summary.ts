import { type CallOptions } from '../../connectors/remote-connector.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { KeyFilter } from '../../protocols/kvnest-tcp/key-filter.js';
import { hashKey } from '../../protocols/kvnest-tcp/key-hash.js';
import { NO_SUMMARY, type SummaryAnswer, type SummaryQuestion } from '../../protocols/kvnest-tcp/summary.js';
import { type PeerSummary, type RefreshOptions, type SummaryNews } from './peer-reader.interface.js';

/** Who is asked for a summary. */
export interface SummarySource {
  /** Whether a question may wait there. */
  readonly announces: boolean;
  ask(question: SummaryQuestion, options?: CallOptions): Promise<SummaryAnswer>;
}

/** What is known of the keys of a peer. */
export class KeySummary implements PeerSummary {
  #version = NO_SUMMARY;
  #filter: KeyFilter | undefined;
  #refreshedAtMs = -Infinity;

  constructor(
    private readonly source: SummarySource,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get announces(): boolean {
    return this.source.announces;
  }

  get refreshedAtMs(): number {
    return this.#refreshedAtMs;
  }

  mayHave({ bytes, namespace }: ChunkKey): boolean {
    return this.#filter?.mayHave(hashKey(bytes, namespace)) ?? true;
  }

  async refresh({ waitMs = 0, ...options }: RefreshOptions = {}): Promise<SummaryNews> {
    // What is stored there while the answer comes is not in it.
    const askedAtMs = this.now();
    const asked = this.#version;
    const answer = await this.source.ask({ ...asked, waitMs }, options);
    if (this.#version.id !== asked.id) return 'nothing';
    if (!this.#take(answer) || answer.kind === 'none') return 'none';
    this.#version = { id: answer.id, version: answer.version };
    this.#refreshedAtMs = askedAtMs;
    return answer.kind === 'added' && answer.hashes.length === 0 ? 'nothing' : 'something';
  }

  /** @returns whether there is a filter then. */
  #take(answer: SummaryAnswer): boolean {
    if (answer.kind === 'whole') this.#filter = new KeyFilter(answer.filter);
    else if (answer.kind === 'none' || answer.id !== this.#version.id || this.#filter === undefined)
      this.#forget();
    else for (const hash of answer.hashes) this.#filter.add(hash);
    return this.#filter !== undefined;
  }

  #forget(): void {
    this.#version = NO_SUMMARY;
    this.#filter = undefined;
    this.#refreshedAtMs = -Infinity;
  }
}
