import { type RespSession } from '../resp-session.js';
import { clientNameError } from './client-name.js';
import { type CommandCall, NO_KEYS, type RespCommandDefinition } from './command.interface.js';
import { runSubcommand, type Subcommand } from './subcommand.js';

const SUBCOMMANDS: readonly Subcommand[] = [
  { name: 'ID', arity: 2, run: ({ reply, session }) => reply.integer(session.id) },
  { name: 'GETNAME', arity: 2, run: getName },
  { name: 'SETNAME', arity: 3, run: setName },
  {
    name: 'INFO',
    arity: 2,
    run: ({ reply, services, session }) => reply.verbatim(describe(session, services.clock.nowMs())),
  },
  { name: 'LIST', arity: -2, run: list },
  { name: 'NO-EVICT', arity: 3, run: noEvict },
];

export const clientCommand: RespCommandDefinition = {
  name: 'CLIENT',
  arity: -2,
  flags: [],
  keys: NO_KEYS,
  run: (call) => runSubcommand(call, 'client', SUBCOMMANDS),
};

function getName({ reply, session }: CommandCall): void {
  if (session.name === '') reply.null();
  else reply.bulk(session.name);
}

function setName({ args, reply, session }: CommandCall): void {
  const name = args[2] ?? Buffer.alloc(0);
  const error = clientNameError(name);
  if (error !== undefined) {
    reply.error(error);
    return;
  }
  session.name = name.toString('utf8');
  reply.ok();
}

function list({ args, reply, services }: CommandCall): void {
  if (args.length > 2) {
    reply.error('ERR syntax error');
    return;
  }
  const nowMs = services.clock.nowMs();
  const lines = Array.from(services.sessions(), (session) => describe(session, nowMs));
  reply.verbatim(lines.join(''));
}

/** Clients are never evicted here, so both answers are true. */
function noEvict({ args, reply }: CommandCall): void {
  const mode = args[2]?.toString('latin1').toUpperCase();
  if (mode === 'ON' || mode === 'OFF') reply.ok();
  else reply.error('ERR syntax error');
}

function describe(session: RespSession, nowMs: number): string {
  const age = Math.floor((nowMs - session.openedAtMs) / 1000);
  const { address, database, id, lastCommand, name } = session;
  return `id=${id} addr=${address} name=${name} age=${age} idle=0 flags=N db=${database} cmd=${lastCommand.toLowerCase()}\n`;
}
