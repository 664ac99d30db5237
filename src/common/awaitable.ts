/** A value that is ready now or later: the memory tier answers at once, and the hot path must not pay for a promise. */
export type Awaitable<T> = T | Promise<T>;

/** Applies `next` now where the value is ready, later where it is not. */
export function chain<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** All of them in order: at once when every value is ready. */
export function all<T>(values: readonly Awaitable<T>[]): Awaitable<readonly T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as readonly T[]);
}
