import { type ArenaHandle } from '../../arena/arena.interface.js';
import { type ReadOutcome } from '../../backends/storage-backend.interface.js';
import { type ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { type AheadRead, type SpareChunk } from './ahead-read.interface.js';
import { CreditedHandle } from './credited-handle.js';
import { Lanes } from './lanes.js';
import { LoadedChunks } from './loaded-chunks.js';
import { type Places } from '../tiers/locating.interface.js';
import { type ChunkSource, type PrefixReadOptions } from './prefix-read.interface.js';
import { RoomPatience } from './room-patience.js';

/** Who gets the chunks. */
export interface ChunkSink {
  /** The next chunk of the prefix, which the sink disposes. */
  deliver(index: number, handle: ArenaHandle): void;
  /** There is no further one. */
  end(): void;
  fail(error: unknown): void;
}

/**
 * Loads the chunks of a prefix from all tiers at a time and delivers them in order.
 *
 * Each tier has a window of its own, so that a slow one never holds up a fast one, and the first chunk leaves while the
 * last is still on its way. While the next chunk is waited for, those behind it are loaded beyond their windows, too, as
 * far as the budget of all reads goes. The receiver's disposals are the credit for further loads: a slow receiver slows them down. A
 * load that finds no room waits for the chunks in front of it to be disposed, and those behind it give their room up for
 * it, or for others. So a prefix never waits for its own memory, and for that of others only while it holds none.
 */
export class PrefixRead implements AheadRead {
  readonly #lanes: Lanes;
  readonly #loaded = new LoadedChunks();
  /** Chunks that found no room, until they have; whether they are being read again. */
  readonly #cramped = new Map<number, boolean>();
  /** Chunks that gave their room up. */
  readonly #dropped = new Set<number>();
  #next = 0;
  /** Nothing is delivered from here on. */
  #end: number;
  readonly #loading = new Set<number>();
  /** Of the chunks that have arrived. */
  #largestBytes = 0;
  #heldByReceiver = 0;
  /** Room was given back since a chunk without room was last read again. */
  #isRoomNew = false;
  /** For the next chunk, when nothing of the prefix holds any. */
  readonly #patience: RoomPatience;
  #isRunning = false;
  #runAgain = false;
  #isOver = false;

  constructor(
    private readonly keys: readonly ChunkKey[],
    private readonly source: ChunkSource,
    private readonly options: PrefixReadOptions,
    private readonly sink: ChunkSink,
  ) {
    this.#lanes = new Lanes(keys.length, options.window);
    this.#patience = new RoomPatience(options.patienceMs ?? 0);
    this.#end = keys.length;
  }

  start(): void {
    if (this.#isOver) return;
    this.options.ahead?.join(this);
    const { now, later } = this.source.locate(this.keys);
    if (later === undefined) this.#place(now, true);
    else {
      this.#place(now, false);
      later.then(
        (places) => this.#place(places, true),
        (error: unknown) => this.#fail(error),
      );
    }
  }

  /** Gives back everything that was not delivered; what is still loading is dropped when it arrives. */
  cancel(): void {
    this.#isOver = true;
    this.options.ahead?.leave(this);
    this.#patience.end();
    for (const index of this.#loaded.from(0)) this.#drop(index);
  }

  get waitsForReceiver(): boolean {
    return this.#heldByReceiver > 0 && !this.#loading.has(this.#next);
  }

  spareChunks(): readonly SpareChunk[] {
    return this.#loaded.spare(this.#next);
  }

  giveUp(index: number): void {
    const isRoomNew = this.#isRoomNew;
    this.#drop(index);
    // The room is for somebody else.
    this.#isRoomNew = isRoomNew;
    this.#dropped.add(index);
    this.#loaded.hold(index);
  }

  giveUpBeyondWindow(): boolean {
    const ahead = this.spareChunks().filter(({ index }) => this.#lanes.isAhead(index));
    if (ahead.length === 0) return false;
    this.giveUp(Math.max(...ahead.map(({ index }) => index)));
    return true;
  }

  loads(key: ChunkKey): 'next' | 'later' | undefined {
    let how: 'later' | undefined;
    for (const index of this.#loading) {
      if (this.keys[index]?.id !== key.id) continue;
      if (index === this.#next) return 'next';
      how = 'later';
    }
    return how;
  }

  #place(places: Places, isAll: boolean): void {
    if (this.#isOver) return;
    for (const [index, place] of places.entries()) {
      if (place !== undefined) this.#lanes.add(index, place);
      else if (isAll && this.#lanes.placeOf(index) === undefined) this.#endAt(index);
    }
    if (isAll) this.options.onLocated?.(places);
    this.#run();
  }

  /** One step after the other, also where a step, or the receiver, causes the next. */
  #run(): void {
    this.#runAgain = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#runAgain) {
      this.#runAgain = false;
      this.#deliver();
      this.#makeRoom();
      this.#load();
    }
    this.#isRunning = false;
    if (this.#next === this.#end && !this.#isOver) {
      this.cancel();
      this.sink.end();
    }
  }

  #deliver(): void {
    for (; !this.#isOver && this.#next < this.#end; this.#next++) {
      const index = this.#next;
      if (!this.#loaded.has(index) || !this.#lanes.deliver(index)) return;
      const loaded = this.#loaded.take(index) as ArenaHandle;
      this.#heldByReceiver++;
      this.sink.deliver(index, new CreditedHandle(loaded, () => this.#onDisposed(index)));
    }
  }

  #onDisposed(index: number): void {
    this.#heldByReceiver--;
    this.#giveBack(this.#lanes.disposed(index));
    this.#isRoomNew = true;
    this.#run();
  }

  /** For chunks that found none. What is behind the next chunk is given up for it when no other could be waited for. */
  #makeRoom(): void {
    if (this.#isOver || (this.#isRoomNew && this.#readCramped())) return;
    if (this.#heldByReceiver > 0 || this.#cramped.get(this.#next) !== false) return;
    const { furthest } = this.#loaded;
    if (furthest === -1) {
      if (this.#loading.size === 0) this.#findNoRoom();
    } else {
      this.#drop(furthest);
      this.#dropped.add(furthest);
      this.#runAgain = true;
    }
  }

  #findNoRoom(): void {
    const waits = this.#patience.wait(() => {
      this.#isRoomNew = true;
      this.#run();
    });
    if (waits) return;
    this.options.onNoRoom?.(this.keys[this.#next] as ChunkKey);
    this.#endAt(this.#next);
  }

  /** @returns whether there is one. If not, what asked for room before it was given back may still answer that it found none. */
  #readCramped(): boolean {
    let first = Infinity;
    for (const [index, isReading] of this.#cramped) if (!isReading && index < first) first = index;
    if (first === Infinity) return false;
    this.#isRoomNew = false;
    this.#cramped.set(first, true);
    this.#read(first);
    return true;
  }

  #load(): void {
    if (this.#isOver) return;
    const end = Math.min(this.#end, ...this.#cramped.keys());
    for (const index of this.#dropped) {
      if (index >= end) continue;
      this.#dropped.delete(index);
      this.#lanes.return(index);
    }
    const urgent = this.#heldByReceiver === 0 ? this.#next : -1;
    this.#lanes.takeAll(
      end,
      urgent,
      (index) => this.#goAhead(index),
      (index) => this.#read(index),
    );
  }

  /** Further than the windows reads only who waits for a tier: not for the receiver, and not for memory. */
  #goAhead(index: number): number {
    const { ahead } = this.options;
    const bytes = this.#largestBytes;
    if (ahead === undefined || bytes === 0 || this.#heldByReceiver > 0 || this.#cramped.size > 0) return 0;
    return !this.#loaded.isFirm(index) && ahead.take(bytes) ? bytes : 0;
  }

  #release(index: number): void {
    this.#giveBack(this.#lanes.release(index));
  }

  #giveBack(bytes: number): void {
    if (bytes > 0) this.options.ahead?.giveBack(bytes);
  }

  #read(index: number): void {
    this.#loading.add(index);
    this.#lanes.begin(index);
    const place = this.#lanes.placeOf(index) as string;
    const outcome = this.source.read(this.keys[index] as ChunkKey, place, index);
    if (!(outcome instanceof Promise)) this.#onOutcome(index, outcome, true);
    else
      outcome.then(
        (later) => this.#onOutcome(index, later, false),
        (error: unknown) => this.#fail(error),
      );
  }

  #onOutcome(index: number, outcome: ReadOutcome, atOnce: boolean): void {
    this.#loading.delete(index);
    this.#lanes.arrive(index, atOnce);
    if (typeof outcome !== 'string') this.#largestBytes = Math.max(this.#largestBytes, outcome.lengthBytes);
    if (outcome === 'busy' && !this.#isOver && index < this.#end) {
      this.#cramped.set(index, false);
      this.#run();
      return;
    }
    this.#cramped.delete(index);
    this.#patience.renew();
    if (this.#isOver || index >= this.#end) {
      if (typeof outcome !== 'string') {
        outcome[Symbol.dispose]();
        this.#isRoomNew = true;
      }
      this.#release(index);
    } else if (typeof outcome !== 'string') {
      this.#loaded.add(index, outcome);
      if (atOnce) this.#loaded.hold(index);
    } else {
      this.#release(index);
      this.#endAt(index);
    }
    this.#run();
  }

  #endAt(index: number): void {
    if (index >= this.#end) return;
    this.#end = index;
    for (const later of this.#loaded.from(index)) this.#drop(later);
    for (const [later, isReading] of [...this.#cramped]) {
      if (later < index || isReading) continue;
      this.#cramped.delete(later);
      this.#release(later);
    }
  }

  #drop(index: number): void {
    const loaded = this.#loaded.take(index);
    if (loaded === undefined) return;
    loaded[Symbol.dispose]();
    this.#isRoomNew = true;
    this.#release(index);
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.cancel();
    this.sink.fail(error);
  }
}
