const ABSENT = -1;

/** Blocks, the one that is wanted last in front, of several the deepest. A binary heap that knows where each block is. */
export class VictimHeap {
  readonly #heap: number[] = [];
  readonly #places: Int32Array;
  readonly #wanted: Int32Array;
  readonly #depths: Int32Array;

  constructor(blockCount: number) {
    this.#places = new Int32Array(blockCount).fill(ABSENT);
    this.#wanted = new Int32Array(blockCount);
    this.#depths = new Int32Array(blockCount);
  }

  has(block: number): boolean {
    return this.#places[block] !== ABSENT;
  }

  set(block: number, wanted: number, depth: number): void {
    this.#wanted[block] = wanted;
    this.#depths[block] = depth;
    let place = this.#places[block] as number;
    if (place === ABSENT) {
      place = this.#heap.length;
      this.#put(block, place);
    }
    this.#settle(place);
  }

  remove(block: number): void {
    const place = this.#places[block] as number;
    if (place === ABSENT) return;
    this.#places[block] = ABSENT;
    const last = this.#heap.pop() as number;
    if (last === block) return;
    this.#put(last, place);
    this.#settle(place);
  }

  /** @returns the block that was in front; there must be one. */
  removeFirst(): number {
    const first = this.#heap[0] as number;
    this.remove(first);
    return first;
  }

  #settle(place: number): void {
    this.#sink(this.#rise(place));
  }

  #rise(start: number): number {
    let place = start;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!this.#goesBefore(place, above)) break;
      this.#swap(place, above);
      place = above;
    }
    return place;
  }

  #sink(start: number): void {
    let place = start;
    for (;;) {
      const left = 2 * place + 1;
      const right = left + 1;
      let first = place;
      if (left < this.#heap.length && this.#goesBefore(left, first)) first = left;
      if (right < this.#heap.length && this.#goesBefore(right, first)) first = right;
      if (first === place) return;
      this.#swap(place, first);
      place = first;
    }
  }

  #goesBefore(place: number, other: number): boolean {
    const a = this.#heap[place] as number;
    const b = this.#heap[other] as number;
    const wanted = (this.#wanted[a] as number) - (this.#wanted[b] as number);
    return wanted === 0 ? (this.#depths[a] as number) > (this.#depths[b] as number) : wanted > 0;
  }

  #swap(place: number, other: number): void {
    const block = this.#heap[place] as number;
    this.#put(this.#heap[other] as number, place);
    this.#put(block, other);
  }

  #put(block: number, place: number): void {
    this.#heap[place] = block;
    this.#places[block] = place;
  }
}
