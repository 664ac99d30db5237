import { chain, type Awaitable } from '../../../../common/awaitable.js';
import { type ChunkKey } from '../../../../protocols/chunk-key/chunk-key.js';
import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';
import { readKeyList } from '../../../../protocols/kvnest-tcp/key-list.js';
import { type TcpRequest } from '../tcp-request.js';
import { chunkKey } from './chunk-keys.js';
import { type PatternContext, type PatternHandler } from './pattern.interface.js';

type Work = (
  context: PatternContext,
  keys: readonly ChunkKey[],
  option: number,
) => Awaitable<readonly (boolean | string | undefined)[]>;

const LEASE = 1;

/** A request about keys that is answered with one byte for each. */
function keysPattern(maxOption: number, work: Work): PatternHandler {
  return (request, header, _, context) => {
    const { namespace, option, keys } = readKeyList(Buffer.from(header));
    if (option > maxOption) throw frameError(`the option ${option} of a request about keys`);
    const chunks = keys.map((key) => chunkKey(key, namespace));
    answer(request, context, work(context, chunks, option));
    return undefined;
  };
}

function answer(
  request: TcpRequest,
  { tiers }: PatternContext,
  work: Awaitable<readonly (boolean | string | undefined)[]>,
): void {
  const done = chain(work, (answers) => {
    const header = Buffer.allocUnsafe(answers.length);
    for (let i = 0; i < answers.length; i++) {
      const value = answers[i];
      header[i] = typeof value === 'boolean' ? Number(value) : tiers.where(value);
    }
    request.reply(header, { end: true });
  });
  if (done instanceof Promise) done.catch((error: unknown) => request.fail(error));
}

export const existsPattern = keysPattern(LEASE, ({ engine }, keys, option) =>
  engine.exists(keys, { lease: option === LEASE }),
);

export const deletePattern = keysPattern(0, ({ engine }, keys) => engine.delete(keys));

export const pinPattern = keysPattern(0xffff_ffff, ({ engine }, keys, pinMs) =>
  engine.pin(keys, pinMs === 0 ? undefined : pinMs),
);

export const unpinPattern = keysPattern(0, ({ engine }, keys) => engine.unpin(keys));
