import {
  arrayHeader,
  bulkReply,
  integerReply,
  nullArrayReply,
  RESP_EMPTY_ARRAY,
  type RespVersion,
  simpleReply,
} from '../../../../protocols/resp/resp-writer.js';
import { type CommandCall, NO_KEYS, type RespCommandDefinition } from './command.interface.js';
import { runSubcommand, type Subcommand } from './subcommand.js';

/** COMMAND, over the table that it is part of. */
export function commandCommand(
  table: () => ReadonlyMap<string, RespCommandDefinition>,
): RespCommandDefinition {
  const subcommands: readonly Subcommand[] = [
    { name: 'COUNT', arity: 2, run: ({ reply }) => reply.integer(table().size) },
    { name: 'DOCS', arity: -2, run: ({ reply }) => reply.tree(new Map()) },
    { name: 'INFO', arity: -2, run: (call) => describeNamed(call, table()) },
    {
      name: 'LIST',
      arity: 2,
      run: ({ reply }) => reply.tree([...table().keys()].map((name) => name.toLowerCase())),
    },
  ];
  return {
    name: 'COMMAND',
    arity: -1,
    flags: ['loading', 'stale'],
    keys: NO_KEYS,
    run: (call) =>
      call.args.length > 1
        ? runSubcommand(call, 'command', subcommands)
        : describeAll(call, [...table().values()]),
  };
}

function describeNamed(call: CommandCall, table: ReadonlyMap<string, RespCommandDefinition>): void {
  const names = call.args.slice(2).map((name) => name.toString('latin1').toUpperCase());
  describeAll(call, names.length === 0 ? [...table.values()] : names.map((name) => table.get(name)));
}

function describeAll(
  { reply }: CommandCall,
  definitions: readonly (RespCommandDefinition | undefined)[],
): void {
  const rows = definitions.map((definition) =>
    definition === undefined ? nullArrayReply(reply.version) : row(definition, reply.version),
  );
  reply.encoded(Buffer.concat([arrayHeader(rows.length), ...rows]));
}

/** Name, arity, flags, key positions, and four lists that are empty here. */
function row({ arity, flags, keys, name }: RespCommandDefinition, version: RespVersion): Buffer {
  return Buffer.concat([
    arrayHeader(10),
    bulkReply(name.toLowerCase()),
    integerReply(arity),
    setHeader(flags.length, version),
    ...flags.map(simpleReply),
    ...keys.map(integerReply),
    setHeader(0, version),
    RESP_EMPTY_ARRAY,
    RESP_EMPTY_ARRAY,
    RESP_EMPTY_ARRAY,
  ]);
}

function setHeader(length: number, version: RespVersion): Buffer {
  return version === 3 ? Buffer.from(`~${length}\r\n`) : arrayHeader(length);
}
