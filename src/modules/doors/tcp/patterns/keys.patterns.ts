import { chain, type Awaitable } from '../../../../common/awaitable.js';
import { type ChunkKey } from '../../../../protocols/chunk-key/chunk-key.js';
import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';
import { readKeyList } from '../../../../protocols/kvnest-tcp/key-list.js';
import { MAX_PIN_MS } from '../../control/objects/objects.dto.js';
import { type TcpRequest } from '../tcp-request.js';
import { chunkKey } from './chunk-keys.js';
import { type PatternContext, type PatternHandler } from './pattern.interface.js';

/** All that fits its field. */
const MAX_OPTION = 2 ** 32 - 1;

type Work = (
  context: PatternContext,
  keys: readonly ChunkKey[],
  option: number,
) => Awaitable<readonly boolean[]>;

/** A request about keys that is answered with one byte for each. */
function keysPattern(maxOption: number, work: Work): PatternHandler {
  return (request, header, _, context) => {
    const { namespace, option, keys } = readKeyList(Buffer.from(header));
    if (option > maxOption) throw frameError(`the option ${option} of a request about keys`);
    const chunks = keys.map((key) => chunkKey(key, namespace));
    answer(request, work(context, chunks, option));
    return undefined;
  };
}

function answer(request: TcpRequest, work: Awaitable<readonly boolean[]>): void {
  const done = chain(work, (answers) => request.reply(Uint8Array.from(answers, Number), { end: true }));
  if (done instanceof Promise) done.catch((error: unknown) => request.fail(error));
}

export const deletePattern = keysPattern(0, ({ engine }, keys) => engine.delete(keys));

export const pinPattern = keysPattern(MAX_OPTION, ({ engine }, keys, pinMs) =>
  engine.pin(keys, pinMs === 0 ? undefined : Math.min(pinMs, MAX_PIN_MS)),
);

export const unpinPattern = keysPattern(0, ({ engine }, keys) => engine.unpin(keys));
