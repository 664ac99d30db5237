import { KeyBatch } from '../../../../protocols/chunk-key/key-batch.js';
import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';
import { eachKey, EXISTS_OPTIONS, readKeyListHead } from '../../../../protocols/kvnest-tcp/key-list.js';
import { checkKey, checkNamespace } from './chunk-keys.js';
import { type PatternHandler } from './pattern.interface.js';

const { LEASE, WITH_METADATA, LOCAL } = EXISTS_OPTIONS;
const MAX_OPTION = LEASE | WITH_METADATA | LOCAL;

/** One for all requests: it is read before the engine's call returns. */
const batch = new KeyBatch();

/** The engine answers in the numbers of the wire. */
export const existsPattern: PatternHandler = (request, header, _, { engine }) => {
  const { namespace, option, count } = readKeyListHead(header);
  if (option > MAX_OPTION) throw frameError(`the option ${option} of a question for keys`);
  checkNamespace(namespace);
  batch.reset(header, namespace);
  eachKey(header, count, (start, lengthBytes) => {
    checkKey(lengthBytes);
    batch.add(start, lengthBytes);
  });
  const answers = engine.existsBatch(batch, {
    lease: (option & LEASE) !== 0,
    withMetadata: (option & WITH_METADATA) !== 0,
    localOnly: (option & LOCAL) !== 0,
  });
  if (answers instanceof Promise) {
    answers.then(
      (later) => request.reply(later, { end: true }),
      (error: unknown) => request.fail(error),
    );
  } else request.reply(answers, { end: true });
  return undefined;
};
