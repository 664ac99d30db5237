import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type NativeAddon } from './native.types.js';

export interface NativeLoad {
  readonly addon?: NativeAddon;
  /** Why there is no addon. */
  readonly reason?: string;
}

/** The same from `src/` and from `dist/`. */
const ADDON = '../../../native/build/Release/kvnest_native.node';
const BUILD = fileURLToPath(new URL('../../../scripts/build-native.mjs', import.meta.url));
const CHECK_INPUT = Buffer.from('123456789');
const CHECK_CRC32C = 0xe3069283;

let loaded: NativeLoad | undefined;

/** The addon, loaded once per thread, or the reason why it is absent. `KVNEST_NATIVE=0` switches it off. */
export function loadNative(): NativeLoad {
  return (loaded ??= readNative(process.env));
}

/** As `loadNative`, for any environment and not remembered. */
export function readNative(environment: NodeJS.ProcessEnv): NativeLoad {
  if (environment['KVNEST_NATIVE'] === '0') return { reason: 'switched off by KVNEST_NATIVE=0' };
  try {
    const addon = createRequire(import.meta.url)(ADDON) as NativeAddon;
    if (addon.crc32c(CHECK_INPUT, 0) === CHECK_CRC32C) return { addon };
    return { reason: 'the addon computes wrong checksums' };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    return { reason: missing ? `not built; run \`node ${BUILD}\`` : String(error) };
  }
}
