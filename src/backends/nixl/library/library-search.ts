import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pythonSites } from './python-sites.js';

const FILE = 'libnixl_capi.so';
const PREFIXES = ['/opt/nvidia/nvda_nixl', '/usr/local/nixl'];
const MACHINE = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
const LIB_FOLDERS = ['lib', 'lib64', `lib/${MACHINE}-linux-gnu`];
/** Of the wheels, below the folder for packages; the newer CUDA first. */
const WHEEL_FOLDERS = ['.nixl_cu13.mesonpy.libs', '.nixl_cu12.mesonpy.libs'];
/** The loader's own search; the name with a version is one that NIXL plans. */
const BARE_NAMES = [`${FILE}.0`, FILE];

export interface NixlLibraries {
  /** To be tried in this order: files that are there, then names for the loader to search. */
  readonly candidates: readonly string[];
  /** Places without the file. */
  readonly absent: readonly string[];
}

/**
 * Where NIXL may be: NIXL_CAPI_PATH (a file), NIXL_PREFIX, the usual prefixes, the wheels of VIRTUAL_ENV and of
 * `python3`, the loader's own path. A file or a prefix that the environment names is all that is tried.
 */
export async function findNixlLibraries(
  environment: NodeJS.ProcessEnv,
  sites: (environment: NodeJS.ProcessEnv) => Promise<string[]> = pythonSites,
): Promise<NixlLibraries> {
  const { NIXL_CAPI_PATH: file, NIXL_PREFIX: prefix } = environment;
  if (file) return { candidates: [file], absent: [] };
  if (prefix) return sorted(filesOf(prefix), []);
  const folders = [...virtualEnvSites(environment), ...(await sites(environment))];
  const wheels = [...new Set(folders)].flatMap((site) => WHEEL_FOLDERS.map((name) => join(site, name, FILE)));
  return sorted([...PREFIXES.flatMap(filesOf), ...wheels], BARE_NAMES);
}

function filesOf(prefix: string): string[] {
  return LIB_FOLDERS.map((folder) => join(prefix, folder, FILE));
}

function virtualEnvSites({ VIRTUAL_ENV: folder }: NodeJS.ProcessEnv): string[] {
  const lib = folder ? join(folder, 'lib') : '';
  return lib && existsSync(lib) ? readdirSync(lib).map((python) => join(lib, python, 'site-packages')) : [];
}

function sorted(files: readonly string[], names: readonly string[]): NixlLibraries {
  const isThere = (file: string): boolean => existsSync(file);
  return {
    candidates: [...files.filter(isThere), ...names],
    absent: files.filter((file) => !isThere(file)),
  };
}
