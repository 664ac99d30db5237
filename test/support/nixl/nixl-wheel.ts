import { globSync } from 'node:fs';
import { join } from 'node:path';
import { loadNative } from '../../../src/arena/native/load-native.js';
import { peerFolder } from '../peer-folder.js';
import { missingGpu } from './missing-gpu.js';

const FOLDER = peerFolder('nixl');
const LIBRARY = 'lib/python3*/site-packages/.nixl_cu12.mesonpy.libs/libnixl_capi.so';

/** The library of the wheel that "npm test" installs. */
export const NIXL_LIBRARY = globSync(join(FOLDER, LIBRARY))[0] ?? join(FOLDER, 'libnixl_capi.so');

/** Runs with the wheel's Python agent. */
export const NIXL_PYTHON = join(FOLDER, 'bin/python');

/** Why there is no NIXL here, undefined when there is. */
export function missingNixl(): string | undefined {
  const found = globSync(join(FOLDER, LIBRARY)).length > 0;
  return (
    loadNative().reason ?? (found ? undefined : 'there is no NIXL here; "npm test" installs it where it may')
  );
}

/**
 * What UCX is told in tests: only the loopback device. Without `tls` it copies straight from the other process's memory
 * (cma), where the kernel lets it. Where there is a GPU, NIXL refuses transports that cannot copy from one.
 */
export function ucxEnvironment(tls?: string): Record<string, string> {
  const environment = { UCX_NET_DEVICES: 'lo', NIXL_CAPI_PATH: NIXL_LIBRARY };
  if (tls === undefined) return environment;
  return { ...environment, UCX_TLS: missingGpu === undefined ? `${tls},cuda_copy` : tls };
}
