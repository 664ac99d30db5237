import { NixlFileAgent } from '../../../src/backends/nixl/agent/file-agent.js';
import { NixlFileMedium } from '../../../src/backends/nixl/storage/nixl-file.medium.js';
import { MediumBackend } from '../../../src/backends/medium/medium.backend.js';
import { type BackendContext } from '../../contracts/storage-backend.contract.js';
import { NIXL_LIBRARY } from './nixl-wheel.js';

/** A tier of type `nixl_storage` with the wheel's library. @param warnings takes what it logs. */
export function nixlStorageTier(
  path: string,
  context: BackendContext,
  {
    warnings = [],
    plugin = 'POSIX',
    library = NIXL_LIBRARY,
  }: { warnings?: string[]; plugin?: string; library?: string } = {},
): MediumBackend {
  const environment = { NIXL_CAPI_PATH: library };
  return new MediumBackend({
    ...context,
    name: 'files',
    type: 'nixl_storage',
    logger: { warn: (line) => warnings.push(line) },
    medium: new NixlFileMedium({
      path,
      maxOpenFiles: 64,
      start: () => NixlFileAgent.start({ region: context.arena.buffer, plugin, environment }),
    }),
  });
}
