import { authCommand } from './auth.command.js';
import { clientCommand } from './client.command.js';
import { commandCommand } from './command.command.js';
import { type RespCommandDefinition } from './command.interface.js';
import { configCommand } from './config.command.js';
import { echoCommand, pingCommand, quitCommand, selectCommand } from './connection.commands.js';
import { dbsizeCommand } from './dbsize.command.js';
import { delCommand, unlinkCommand } from './delete.commands.js';
import { existsCommand } from './exists.command.js';
import { expireCommand } from './expire.command.js';
import { flushdbCommand } from './flushdb.command.js';
import { getCommand } from './get.command.js';
import { helloCommand } from './hello.command.js';
import { infoCommand } from './info.command.js';
import { mgetCommand } from './mget.command.js';
import { scanCommand } from './scan.command.js';
import { setCommand } from './set.command.js';
import { strlenCommand } from './strlen.command.js';
import { ttlCommand } from './ttl.command.js';
import { typeCommand } from './type.command.js';

const COMMANDS: readonly RespCommandDefinition[] = [
  getCommand,
  setCommand,
  existsCommand,
  delCommand,
  unlinkCommand,
  mgetCommand,
  strlenCommand,
  typeCommand,
  ttlCommand,
  expireCommand,
  scanCommand,
  dbsizeCommand,
  flushdbCommand,
  pingCommand,
  echoCommand,
  authCommand,
  helloCommand,
  selectCommand,
  clientCommand,
  infoCommand,
  configCommand,
  commandCommand(() => COMMAND_TABLE),
  quitCommand,
];

/** Every command that the door knows, by its name in upper case. */
export const COMMAND_TABLE: ReadonlyMap<string, RespCommandDefinition> = new Map(
  COMMANDS.map((command) => [command.name, command]),
);
