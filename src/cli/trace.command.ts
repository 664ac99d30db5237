import { suggestion } from '../config/nearest-name.js';
import { SERVER_HELP } from './ask-server.js';
import { usageError } from './cli-error.js';
import { type CliCommand } from './cli-io.interface.js';
import { record } from './trace/record.js';
import { replay } from './trace/replay.js';

const SUBCOMMANDS: Readonly<Record<string, CliCommand['run']>> = { replay, record };

/** `kvnest trace`: what was asked of a cache, and what other caches would have made of it. */
export const traceCommand: CliCommand = {
  help: `Usage: kvnest trace replay FILE --policy NAME… --capacity BLOCKS… [--json]
       kvnest trace replay FILE --url kvnest://HOST:PORT [--speed 1|10|max] [--json]
       kvnest trace replay FILE --serve --capacity SIZE --disk SIZE --prefetch 0,8 [--speed 1|10|max] [--json]
       kvnest trace record [--seconds N | --start | --stop | --status] [--url URL] [--token TOKEN] [--json]

  replay    what caches of these capacities, with these eviction policies, would have had of what FILE asks for.
            With --url: what a running server has of it; with --serve: servers of its own, with a memory and a disk
            tier of these sizes, one for each number of --prefetch. FILE is a trace of Mooncake's or one that kvnest
            recorded: docs/traces.md
  record    have a running server write down what it is asked for, to its trace.path, until Ctrl-C

With replay, against simulated tiers:
  --policy NAME           an eviction policy, "default", "belady" for the optimum, "all" for every one; several with commas between
  --admission NAME        an admission policy, "all" for every one; several with commas between; default: always
  --capacity BLOCKS       such as 1000 or 10k, or bytes, such as 64GiB; several with commas between
  --disk BLOCKS           a second tier of this capacity below the first

With replay, against a server:
  --serve                 start one, empty, in a process of its own, with --capacity of memory and --disk below it
  --path DIR              with --serve: where its disk tier makes a folder, deleted at the end; default: for temporary files
  --buffered              with --serve: its disk through the page cache; else past it
  --url URL               its TCP door, as for kvnest/client
  --token TOKEN           its auth.token; default: KVNEST_AUTH_TOKEN
  --speed N               how much faster than it was; "max": as fast as the server answers; default: 1
  --requests N            only the first N
  --in-flight N           slots of the engine: requests at a time beyond which the next waits; default: 16
  --prefetch N            of the requests that wait, tell the server of the first N, to bring what it has of them to its
                          first tier; 0: none; with --serve several with commas between
  --prefill N             tokens a second that a slot computes of what the server does not have; default: it takes no time

With replay:
  --bytes-per-token SIZE  what a token takes where the trace tells no sizes; default: 128KiB, as Llama 3.1 8B in bf16,
                          and 256 against a server
  --json                  one object for each policy and capacity, each on a line; one against a server

With record:
  --seconds N     stop after so long
  --start         start and return; --stop ends it, --status says how far it is
${SERVER_HELP}  --debug         show the stack of errors
`,
  run: ([name, ...args], io) => {
    const subcommand = name === undefined ? undefined : SUBCOMMANDS[name];
    if (subcommand !== undefined) return subcommand(args, io);
    const names = Object.keys(SUBCOMMANDS);
    const message =
      name === undefined ? 'trace needs a command' : `there is no "trace ${name}"${suggestion(name, names)}`;
    throw usageError(message, `Run "kvnest trace --help". Its commands: ${names.join(', ')}.`);
  },
};
