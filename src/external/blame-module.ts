import { dirname, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isKvError } from '../common/errors/kv-error.js';
import { externalConstructor } from './external-errors.js';
import { type LoadedExternal } from './load-external.js';

/**
 * What a start failed with, said of the module of a user where it came out of its code: its key then stands in the
 * message. Other errors, and those that name their remedy, come back as they are.
 */
export function blameModule(error: unknown, modules: readonly LoadedExternal[]): unknown {
  if (isKvError(error) || !(error instanceof Error)) return error;
  const guilty = modules.find((module) => isFrom(module, error));
  return guilty === undefined ? error : externalConstructor(guilty.external, guilty.description, error);
}

function isFrom({ file, label }: LoadedExternal, { stack = '', message }: Error): boolean {
  // Of a package, all files beside the one that was imported; a file alone may lie anywhere, above kvnest itself.
  const place = file.includes(`${sep}node_modules${sep}`) ? dirname(file) + sep : file;
  // Nest says of what it cannot inject only in which module.
  return (
    [place, pathToFileURL(place).href].some((path) => stack.includes(path)) ||
    message.includes(` ${label} module`)
  );
}
