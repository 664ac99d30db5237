import { extname } from 'node:path';
import { findExecutable } from './find-executable.js';

type Interpreter = readonly [string, ...string[]];

/** The programs that run files of an extension, the first choice first. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  '.py': ['python3', 'python'],
  '.sh': ['bash', 'sh'],
  '.bash': ['bash'],
};
const JAVASCRIPT = new Set(['.js', '.mjs', '.cjs']);
const TYPESCRIPT = new Set(['.ts', '.mts', '.cts']);

/**
 * What runs a file that does not say so itself.
 *
 * @returns the reason where nothing does; undefined for an extension that nobody knows.
 */
export async function interpreterOf(
  fileName: string,
  searchPath: string | undefined,
  typescript = process.features.typescript,
): Promise<Interpreter | { readonly reason: string } | undefined> {
  const extension = extname(fileName).toLowerCase();
  if (JAVASCRIPT.has(extension)) return [process.execPath];
  if (TYPESCRIPT.has(extension)) {
    if (typeof typescript === 'string') return [process.execPath];
    return { reason: `is TypeScript, which Node ${process.versions.node} does not run` };
  }
  const programs = PROGRAMS[extension];
  if (programs === undefined) return undefined;
  for (const program of programs) {
    const path = await findExecutable(program, searchPath);
    if (path !== undefined) return [path];
  }
  return { reason: `needs ${programs.join(' or ')}, which is not in the PATH` };
}
