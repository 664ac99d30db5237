import { chain, type Awaitable } from '../../../../common/awaitable.js';
import { disposeAfter } from '../../dispose-after.js';
import { type IncomingValue } from '../../socket/incoming-value.js';
import { type PutOptions } from '../keyspace/key-writer.js';
import { type CommandCall, ONE_KEY, type RespCommandDefinition } from './command.interface.js';
import { nameAt } from './names.js';
import { parseSetOptions } from './set-options.js';

export const setCommand: RespCommandDefinition = {
  name: 'SET',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: ONE_KEY,
  onFailure: 'ok',
  run: (call) => {
    const options = parseSetOptions(call.args, call.services.clock.nowMs());
    if (typeof options === 'string') {
      call.reply.error(options);
      return;
    }
    return call.body === undefined ? putArgument(call, options) : put(call, call.body, options);
  },
};

function put(call: CommandCall, value: IncomingValue, options: PutOptions): Awaitable<void> {
  return chain(call.services.writer.put(nameAt(call, 1), value, options), (answer) =>
    answer === 'skipped' ? call.reply.null() : call.reply.ok(),
  );
}

/** A short value came as an argument. */
function putArgument(call: CommandCall, options: PutOptions): Awaitable<void> {
  const bytes = call.args[2] ?? Buffer.alloc(0);
  return chain(call.services.keyspace.receive(nameAt(call, 1), bytes.length), (value) =>
    disposeAfter(value, () => {
      value.write(bytes);
      return put(call, value, options);
    }),
  );
}
