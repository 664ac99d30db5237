import { basename } from 'node:path';
import { escapeControls } from '../output/printable.js';
import { type SkippedFile } from '../plugin-script.interface.js';
import { hasOpenQuote, parseEnvCommand } from './env-command.js';
import { interpreterOf } from './extension-interpreter.js';
import { findExecutable } from './find-executable.js';
import { isEnv, parseShebang, type Shebang } from './shebang.js';

type Command = readonly [string, ...string[]];

/** A file as far as it has to be known to run it. */
export interface ScriptFile {
  /** Absolute. */
  readonly path: string;
  /** Its first HEAD_BYTES. */
  readonly head: Uint8Array;
  /** Whether this user may execute it. */
  readonly isExecutable: boolean;
}

/** How much of a file is read. */
export const HEAD_BYTES = 4096;
const NEWLINE = 0x0a;

/** Why a file cannot be run. */
export type Refusal = Pick<SkippedFile, 'reason' | 'level'>;
type Launch = { readonly command: Command; readonly warning?: string } | Refusal;

/** Only env itself knows what these mean after -S: escapes, variables, comments. */
const FOR_ENV_ALONE = /^\s*(-[0iv]*S|--split-string).*[\\$#]/s;
const ELF = [0x7f, 0x45, 0x4c, 0x46];

/**
 * How a file is run: by what its `#!` line asks for, else by itself where it is machine code, else by what runs files of
 * its extension.
 *
 * @param searchPath the PATH that programs are looked for in.
 */
export async function launchCommand(file: ScriptFile, searchPath: string | undefined): Promise<Launch> {
  const shebang = parseShebang(file.head);
  if (shebang !== undefined) {
    if (file.head.length < HEAD_BYTES || file.head.includes(NEWLINE))
      return byShebang(file, shebang, searchPath);
    return { level: 'error', reason: `has a first line of more than ${HEAD_BYTES} bytes` };
  }
  if (ELF.every((byte, index) => file.head[index] === byte)) {
    if (file.isExecutable) return { command: [file.path] };
    return { level: 'warn', reason: 'is a program that may not be executed: chmod +x' };
  }
  return byExtension(file, searchPath);
}

async function byShebang(
  file: ScriptFile,
  shebang: Shebang,
  searchPath: string | undefined,
): Promise<Launch> {
  const command = isEnv(shebang) ? await byEnv(shebang, searchPath) : await byPath(shebang, searchPath);
  if (!('missing' in command)) return { command: [...command, file.path] };
  const reason = `asks for ${escapeControls(command.missing)} in its first line, which is not there`;
  const other = await interpreterOf(basename(file.path), searchPath);
  if (other === undefined || 'reason' in other) return { level: 'error', reason };
  return { command: [...other, file.path], warning: `${reason}: ${other[0]} runs it, for its extension` };
}

type Interpreter = Command | { readonly missing: string };

async function byPath({ interpreter, rest }: Shebang, searchPath: string | undefined): Promise<Interpreter> {
  const program = await findExecutable(interpreter, searchPath);
  if (program === undefined) return { missing: interpreter };
  return [program, ...rest.split(/\s+/).filter(Boolean)];
}

async function byEnv({ interpreter, rest }: Shebang, searchPath: string | undefined): Promise<Interpreter> {
  const env = (await findExecutable(interpreter, searchPath)) ?? (await findExecutable('env', searchPath));
  if (FOR_ENV_ALONE.test(rest) || hasOpenQuote(rest))
    return env === undefined ? { missing: interpreter } : [env, rest];
  const { settings, words, path } = parseEnvCommand(rest);
  const [name = 'a program', ...parameters] = words;
  const program = await findExecutable(name, path ?? searchPath);
  if (program === undefined) return { missing: name };
  if (settings.length === 0) return [program, ...parameters];
  return env === undefined ? { missing: interpreter } : [env, ...settings, program, ...parameters];
}

async function byExtension(file: ScriptFile, searchPath: string | undefined): Promise<Launch> {
  const interpreter = await interpreterOf(basename(file.path), searchPath);
  if (interpreter === undefined) {
    return file.isExecutable
      ? { level: 'warn', reason: 'may be executed, but has neither #! nor the extension of a script' }
      : { level: 'debug', reason: 'has neither #! nor the extension of a script' };
  }
  if (file.head.includes(0)) return { level: 'warn', reason: 'is not text, whatever its extension says' };
  if ('reason' in interpreter) return { level: 'error', reason: interpreter.reason };
  return { command: [...interpreter, file.path] };
}
