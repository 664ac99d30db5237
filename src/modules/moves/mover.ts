import { type Observable, ReplaySubject } from 'rxjs';
import { KvError } from '../../common/errors/kv-error.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { chunkSteps } from '../jobs/chunk-steps.js';
import { type MoveOutcome } from '../tiers/chunk-moves.js';
import { tierNamed } from '../tiers/tier-named.js';
import { type TierStack } from '../tiers/tier-stack.js';
import { type MoveProgress, type MoveRequest } from './move.interface.js';

/** Chunks on their way at a time. */
const CONCURRENCY = 4;

/** Which number of the progress an outcome counts for. */
const COUNTED: Readonly<Record<MoveOutcome, 'moved' | 'there' | 'missing' | 'kept'>> = {
  moved: 'moved',
  there: 'there',
  missing: 'missing',
  changed: 'kept',
  rejected: 'kept',
  busy: 'kept',
  failed: 'kept',
};

/** Brings chunks from tier to tier on demand. */
export class Mover {
  readonly #ended$ = new ReplaySubject<void>(1);

  constructor(private readonly stack: TierStack) {}

  /**
   * Begins when it is subscribed to, tells every step, and ends with the state `done`. Unsubscribing ends it between two
   * chunks: each is moved whole or not at all.
   *
   * @throws KV_MOVE_OPTIONS
   */
  move(keys: readonly ChunkKey[], request: MoveRequest): Observable<MoveProgress> {
    const { tiers } = this.stack;
    const to = tierNamed(tiers, request.to, 'KV_MOVE_OPTIONS');
    const source = request.from === undefined ? undefined : tierNamed(tiers, request.from, 'KV_MOVE_OPTIONS');
    if (source === to) throw sameTier(to.name);
    const none: MoveProgress = {
      ...{ state: 'moving', total: keys.length, moved: 0, there: 0, missing: 0, kept: 0 },
    };
    const { copy = false } = request;
    return chunkSteps(keys, {
      none,
      concurrency: CONCURRENCY,
      step: (key) => this.stack.move(key, { from: source, to, copy }),
      count: (progress, outcome) => {
        const counted = COUNTED[outcome];
        return { ...progress, [counted]: progress[counted] + 1 };
      },
      ended$: this.#ended$,
    });
  }

  /** Ends all that are under way. */
  close(): void {
    this.#ended$.next();
    this.#ended$.complete();
  }
}

function sameTier(name: string): KvError {
  return new KvError('KV_MOVE_OPTIONS', `from and to are the same tier, "${name}"`, {
    kind: 'input',
    remedy: 'Name two tiers, or leave from out.',
  });
}
