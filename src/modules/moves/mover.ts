import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  concat,
  defer,
  from,
  map,
  mergeMap,
  type Observable,
  of,
  ReplaySubject,
  scan,
  startWith,
  takeUntil,
} from 'rxjs';
import { KvError } from '../../common/errors/kv-error.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type MoveOutcome } from '../tiers/chunk-moves.js';
import { tierNamed } from '../tiers/tier-named.js';
import { type TierStack } from '../tiers/tier-stack.js';
import { type MoveProgress, type MoveRequest } from './move.interface.js';

/** Chunks on their way at a time. */
const CONCURRENCY = 4;
/** After so many the server turns to others: tiers that answer at once would hold it up else. */
const CHUNKS_PER_TURN = 32;

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
    return defer(() => {
      let last = none;
      const steps$ = from(keys).pipe(
        mergeMap(async (key, index) => {
          if (index % CHUNKS_PER_TURN === CHUNKS_PER_TURN - 1) await nextTurn();
          return this.stack.move(key, { from: source, to, copy: request.copy ?? false });
        }, CONCURRENCY),
        scan((progress, outcome) => {
          const counted = COUNTED[outcome];
          return { ...progress, [counted]: progress[counted] + 1 };
        }, none),
        startWith(none),
        map((progress) => (last = progress)),
        takeUntil(this.#ended$),
      );
      const end$ = defer(() => {
        const { total, moved, there, missing, kept } = last;
        const isWhole = moved + there + missing + kept === total;
        return of({ ...last, state: isWhole ? ('done' as const) : ('cancelled' as const) });
      });
      return concat(steps$, end$);
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
