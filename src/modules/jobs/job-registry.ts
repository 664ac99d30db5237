import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { BehaviorSubject, defer, type Observable, of, Subscription } from 'rxjs';
import { type Clock } from '../../common/clock.js';
import { CLOCK } from '../../common/common.tokens.js';
import { KvError } from '../../common/errors/kv-error.js';
import { type Job, type JobProgress } from './job.interface.js';

/** Of jobs, those included that are over and can still be asked for. */
const MAX_JOBS = 1024;
const KEEP_MS = 600_000;

interface Entry {
  readonly job$: BehaviorSubject<Job>;
  readonly work: Subscription;
  overSinceMs: number | undefined;
}

/** Work of the server by its id: how far it is, and its end. What is over is remembered for ten minutes. */
@Injectable()
export class JobRegistry implements OnModuleDestroy {
  /** The oldest first. */
  readonly #entries = new Map<string, Entry>();

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /**
   * Subscribes to work and so begins it.
   *
   * @throws KV_JOB_LIMIT when too many are under way.
   */
  start(kind: string, work$: Observable<JobProgress>): Job {
    this.#makeRoom();
    const id = randomUUID();
    const job$ = new BehaviorSubject<Job>({ id, kind, isOver: false, progress: { state: 'starting' } });
    const entry: Entry = { job$, work: new Subscription(), overSinceMs: undefined };
    this.#entries.set(id, entry);
    entry.work.add(
      work$.subscribe({
        next: (progress) => job$.next({ ...job$.value, progress }),
        error: (error: unknown) => this.#end(entry, { state: 'failed', error: messageOf(error) }),
        complete: () => this.#end(entry, {}),
      }),
    );
    return job$.value;
  }

  /** @throws KV_JOB_UNKNOWN */
  find(id: string): Job {
    return this.#entry(id).job$.value;
  }

  list(): readonly Job[] {
    this.#forgetOld();
    return Array.from(this.#entries.values(), ({ job$ }) => job$.value);
  }

  /** The job as it is, and every change, to its end. @throws KV_JOB_UNKNOWN */
  watch(id: string): Observable<Job> {
    const { job$ } = this.#entry(id);
    // A subject that has completed tells nothing any more.
    return defer(() => (job$.value.isOver ? of(job$.value) : job$));
  }

  /** Ends it, unless it is over. @throws KV_JOB_UNKNOWN */
  cancel(id: string): Job {
    const entry = this.#entry(id);
    if (entry.overSinceMs === undefined) {
      entry.work.unsubscribe();
      this.#end(entry, { state: 'cancelled' });
    }
    return entry.job$.value;
  }

  onModuleDestroy(): void {
    for (const id of this.#entries.keys()) this.cancel(id);
  }

  #end(entry: Entry, last: Partial<JobProgress> & { readonly error?: string }): void {
    const { job$ } = entry;
    entry.overSinceMs = this.clock.nowMs();
    job$.next({ ...job$.value, isOver: true, progress: { ...job$.value.progress, ...last } });
    job$.complete();
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry !== undefined) return entry;
    throw new KvError('KV_JOB_UNKNOWN', `There is no job ${JSON.stringify(id)}`, {
      kind: 'input',
      remedy: 'What is over can be asked for during ten minutes, and not after a restart.',
    });
  }

  #forgetOld(): void {
    const beforeMs = this.clock.nowMs() - KEEP_MS;
    for (const [id, { overSinceMs }] of this.#entries) {
      if (overSinceMs !== undefined && overSinceMs < beforeMs) this.#entries.delete(id);
    }
  }

  /** For one more: the oldest that are over go. */
  #makeRoom(): void {
    this.#forgetOld();
    for (const [id, { overSinceMs }] of this.#entries) {
      if (this.#entries.size < MAX_JOBS) return;
      if (overSinceMs !== undefined) this.#entries.delete(id);
    }
    if (this.#entries.size < MAX_JOBS) return;
    throw new KvError('KV_JOB_LIMIT', `${this.#entries.size} jobs are under way`, {
      kind: 'unavailable',
      retryable: true,
      remedy: 'Wait for some of them, or cancel some.',
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
