/** Of one chunk: of the pool's threads others need some, too. */
const BLOCKS_AT_ONCE = 2;

/**
 * Works on the blocks of a chunk, some at a time, and hands each result on in order, until one is refused. Settles when nothing is being
 * worked on any more.
 *
 * @param take @returns whether to go on.
 * @returns whether all were taken.
 */
export async function blocksInOrder<T>(
  count: number,
  start: (index: number) => Promise<T>,
  take: (result: T, index: number) => boolean,
): Promise<boolean> {
  const running: Promise<T>[] = [];
  try {
    for (let index = 0; index < count; index++) {
      for (let next = index + running.length; running.length < BLOCKS_AT_ONCE && next < count; next++) {
        const work = start(next);
        // One that fails before its turn is told of in its turn.
        work.catch(() => undefined);
        running.push(work);
      }
      const result = await (running[0] as Promise<T>);
      void running.shift();
      if (!take(result, index)) return false;
    }
    return true;
  } finally {
    await Promise.allSettled(running);
  }
}
