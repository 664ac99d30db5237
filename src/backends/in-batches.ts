/** Asks for so many at once, batch after batch. @returns the answers in order. */
export async function inBatches<T, U>(
  items: readonly T[],
  size: number,
  ask: (batch: readonly T[]) => Promise<readonly U[]>,
): Promise<readonly U[]> {
  const answers: U[] = [];
  for (let from = 0; from < items.length; from += size) {
    answers.push(...(await ask(items.slice(from, from + size))));
  }
  return answers;
}
