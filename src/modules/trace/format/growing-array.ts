type Numbers = Uint8Array | Uint32Array | Int32Array | Float64Array;

/** Numbers in a typed array that grows. */
export class GrowingArray<A extends Numbers> {
  #array: A;
  #length = 0;

  constructor(private readonly type: new (length: number) => A) {
    this.#array = new type(1024);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#array.length) {
      const more = new this.type(2 * this.#length);
      more.set(this.#array);
      this.#array = more;
    }
    this.#array[this.#length++] = value;
  }

  /** @param index of a number that was pushed. */
  set(index: number, value: number): void {
    this.#array[index] = value;
  }

  toArray(): A {
    return this.#array.slice(0, this.#length) as A;
  }
}
