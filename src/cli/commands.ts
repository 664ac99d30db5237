import { type CliCommand } from './cli-io.interface.js';

export interface CommandEntry {
  readonly name: string;
  /** One line for `kvnest --help`. */
  readonly summary: string;
  /** Loads the command, and the server with it where the command needs that: help has to come at once. */
  load(): Promise<CliCommand>;
}

/** Every command of the program, in the order of its help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'run the server',
    load: async () => (await import('./serve.command.js')).serveCommand,
  },
  {
    name: 'status',
    summary: 'show a running server',
    load: async () => (await import('./status.command.js')).statusCommand,
  },
  {
    name: 'doctor',
    summary: 'check whether this machine can run this configuration',
    load: async () => (await import('./doctor.command.js')).doctorCommand,
  },
  {
    name: 'config',
    summary: 'show the configuration that serve would run with',
    load: async () => (await import('./config.command.js')).configCommand,
  },
  {
    name: 'plugins',
    summary: 'list the plugin scripts, and why one does not run',
    load: async () => (await import('./plugins.command.js')).pluginsCommand,
  },
  {
    name: 'trace',
    summary: 'record what a server is asked for; replay it against other capacities and eviction policies',
    load: async () => (await import('./trace.command.js')).traceCommand,
  },
];
