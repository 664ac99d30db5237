/** A value that is ready now or later: the memory tier answers at once, and the hot path must not pay for a promise. */
export type Awaitable<T> = T | Promise<T>;
