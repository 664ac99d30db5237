import { type ArenaHandle } from '../../../../arena/arena.interface.js';
import { chain, type Awaitable } from '../../../../common/awaitable.js';
import { type NamedKey } from '../keyspace/named-key.js';
import { type CommandCall, ONE_KEY, type RespCommandDefinition } from './command.interface.js';
import { nameAt } from './names.js';

export const getCommand: RespCommandDefinition = {
  name: 'GET',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: ONE_KEY,
  onFailure: 'null',
  run: (call) => replyWithValue(call, nameAt(call, 1)),
};

/** Writes the value behind a name, or a null. */
export function replyWithValue(call: CommandCall, name: NamedKey | undefined): Awaitable<void> {
  if (name === undefined) {
    call.reply.null();
    return;
  }
  return chain(call.services.keyspace.get(name), (handle) => writeValue(call, name, handle));
}

function writeValue({ reply, services }: CommandCall, name: NamedKey, handle: ArenaHandle | undefined): void {
  if (handle === undefined) {
    reply.null();
  } else if (name.part === 'metadata') {
    using chunk = handle;
    reply.bulk(chunk.metadata);
    services.keyspace.expectBytes(name);
  } else {
    reply.chunk(handle);
  }
}
