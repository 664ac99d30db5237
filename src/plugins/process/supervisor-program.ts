import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface SupervisorProgram {
  readonly path?: string;
  /** Why there is none. */
  readonly reason?: string;
}

/** The same from `src/` and from `dist/`. */
const ROOT = new URL('../../../', import.meta.url);
const PROGRAM = fileURLToPath(new URL('native/build/supervisor/kvnest-supervisor', ROOT));
const BUILD = fileURLToPath(new URL('scripts/build-native.mjs', ROOT));

let found: SupervisorProgram | undefined;

/** The supervisor's executable, looked for once, or why it cannot be used. `KVNEST_NATIVE=0` switches it off. */
export function findSupervisor(): SupervisorProgram {
  return (found ??= lookForSupervisor(process.env, PROGRAM));
}

/** As `findSupervisor`, for any environment and file, and not remembered. */
export function lookForSupervisor(environment: NodeJS.ProcessEnv, path: string): SupervisorProgram {
  if (environment['KVNEST_NATIVE'] === '0') return { reason: 'switched off by KVNEST_NATIVE=0' };
  try {
    accessSync(path, constants.X_OK);
    return { path };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { reason: missing ? `not built; run \`node ${BUILD}\`` : String(error) };
  }
}
