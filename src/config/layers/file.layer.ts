import { parseDocument } from 'yaml';
import { type Findings } from '../findings.js';
import { type Assignment } from './assignment.js';
import { isTree, MappingReader } from './mapping-reader.js';

/** @returns the text of a file. @throws when it cannot be read. */
export type ReadFile = (path: string) => string;

/** The settings of a YAML file; an empty file has none. */
export function readFileLayer(path: string, readFile: ReadFile, findings: Findings): readonly Assignment[] {
  const mapping = parseFile(path, readFile, findings);
  const reader = new MappingReader(path, 'file', findings);
  if (isTree(mapping)) reader.read(mapping);
  else if (mapping !== null && mapping !== undefined) {
    findings.problem('', 'the file must hold a mapping of keys, such as "chunk_size: 256"', path);
  }
  warnAboutKeysWithoutEffect(reader.withoutEffect, path, findings);
  return reader.assignments;
}

function parseFile(path: string, readFile: ReadFile, findings: Findings): unknown {
  try {
    const document = parseDocument(readFile(path), { prettyErrors: true });
    for (const error of document.errors)
      findings.problem('', `is not YAML: ${firstLine(error.message)}`, path);
    return document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    findings.problem('', `the configuration file cannot be read: ${reason}`, path);
    return undefined;
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

/** One line, however many keys of LMCache there are. */
export function warnAboutKeysWithoutEffect(
  keys: readonly string[],
  origin: string,
  findings: Findings,
): void {
  if (keys.length > 0)
    findings.warn(`${origin}: LMCache settings without effect in kvnest: ${keys.join(', ')}`);
}
