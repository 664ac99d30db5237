/** Something that is due at a time. Both fields belong to the heap. */
export interface Timed {
  dueMs: number;
  heapIndex: number;
}

/** A binary heap, what is due first in front, out of which any item can be taken in O(log n). */
export class DeadlineHeap<T extends Timed> {
  readonly #items: T[] = [];

  /** The item that is due first. */
  get first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  remove(item: T): void {
    const last = this.#items.pop() as T;
    if (last === item) return;
    this.#rise(last, item.heapIndex);
    this.#sink(last, last.heapIndex);
  }

  postpone(item: T, dueMs: number): void {
    item.dueMs = dueMs;
    this.#sink(item, item.heapIndex);
  }

  #rise(item: T, index: number): void {
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      const other = this.#items[parent] as T;
      if (other.dueMs <= item.dueMs) break;
      this.#place(other, index);
      index = parent;
    }
    this.#place(item, index);
  }

  #sink(item: T, index: number): void {
    for (;;) {
      const left = index * 2 + 1;
      if (left >= this.#items.length) break;
      const child = this.#earlier(left, left + 1);
      const other = this.#items[child] as T;
      if (item.dueMs <= other.dueMs) break;
      this.#place(other, index);
      index = child;
    }
    this.#place(item, index);
  }

  #earlier(left: number, right: number): number {
    const other = this.#items[right];
    return other !== undefined && other.dueMs < (this.#items[left] as T).dueMs ? right : left;
  }

  #place(item: T, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
