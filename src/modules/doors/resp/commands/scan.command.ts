import { chain, type Awaitable } from '../../../../common/awaitable.js';
import { type KeyPage } from '../keyspace/resp-keyspace.js';
import { type CommandCall, NO_KEYS, type RespCommandDefinition } from './command.interface.js';
import { globMatch } from './glob-match.js';
import { NOT_AN_INTEGER, parseInt64 } from './integer.js';

const DEFAULT_COUNT = 10;
/** One call looks at no more keys than this, whatever COUNT says. */
const MAX_COUNT = 10_000;
/** Whatever C's strtoul takes; nothing stands for 0. */
const CURSOR = /^(?:[+-]?\d{1,20})?$/;
const SYNTAX_ERROR = 'ERR syntax error';

interface ScanOptions {
  readonly count: number;
  readonly match?: Buffer;
  readonly type?: string;
}

export const scanCommand: RespCommandDefinition = {
  name: 'SCAN',
  arity: -2,
  flags: ['readonly'],
  keys: NO_KEYS,
  run: (call) => {
    const { args, reply } = call;
    const cursor = args[1]?.toString('latin1') ?? '';
    if (!CURSOR.test(cursor)) {
      reply.error('ERR invalid cursor');
      return;
    }
    const options = readOptions(args);
    if (typeof options === 'string') {
      reply.error(options);
      return;
    }
    return chain(page(call, Number(cursor), options.count), ({ cursor: next, names }) => {
      reply.tree([String(next), names.filter((name) => isWanted(name, options))]);
    });
  },
};

/** A cursor that was never given out is at the end. */
function page({ services, session }: CommandCall, cursor: number, count: number): Awaitable<KeyPage> {
  if (!Number.isSafeInteger(cursor) || cursor < 0) return { cursor: 0, names: [] };
  return services.keyspace.scan(session.database, cursor, count);
}

function isWanted(name: Buffer, { match, type = 'string' }: ScanOptions): boolean {
  return type === 'string' && (match === undefined || globMatch(match, name));
}

function readOptions(args: readonly Buffer[]): ScanOptions | string {
  let options: ScanOptions = { count: DEFAULT_COUNT };
  for (let index = 2; index < args.length; index += 2) {
    const value = args[index + 1];
    if (value === undefined) return SYNTAX_ERROR;
    switch (args[index]?.toString('latin1').toUpperCase()) {
      case 'MATCH':
        options = { ...options, match: value };
        break;
      case 'TYPE':
        options = { ...options, type: value.toString('latin1').toLowerCase() };
        break;
      case 'COUNT': {
        const count = parseInt64(value);
        if (count === undefined) return NOT_AN_INTEGER;
        if (count < 1n) return SYNTAX_ERROR;
        options = { ...options, count: Number(count > MAX_COUNT ? MAX_COUNT : count) };
        break;
      }
      default:
        return SYNTAX_ERROR;
    }
  }
  return options;
}
