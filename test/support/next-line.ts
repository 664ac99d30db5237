import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';

/** The first line of a stream, which flows on. */
export async function nextLine(stream: Readable): Promise<string> {
  const lines = createInterface({ input: stream });
  const closed = once(lines, 'close').then(() => {
    throw new Error('it ended without a line');
  });
  const [line] = (await Promise.race([once(lines, 'line'), closed])) as [string];
  return line;
}
