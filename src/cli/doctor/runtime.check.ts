import { loadNative } from '../../arena/native/load-native.js';
import { type Check, type Diagnosis, fail, ok, warn } from './diagnosis.interface.js';

const OLDEST_MAJOR = 22;
const OLDEST_MINOR = 12;

export function checkNode(version = process.versions.node): readonly Diagnosis[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOldEnough = major > OLDEST_MAJOR || (major === OLDEST_MAJOR && minor >= OLDEST_MINOR);
  if (isOldEnough) return [ok(`Node ${version}`)];
  return [
    fail(
      `Node ${version} is too old`,
      `Use Node ${OLDEST_MAJOR}.${OLDEST_MINOR} or newer, or start with "npm start".`,
    ),
  ];
}

/** Whether the native addon is there. */
export const checkAddon: Check = ({ arena }) => {
  if (!arena.native)
    return [ok('native addon switched off by arena.native: the TypeScript fallback is used')];
  const { addon, reason } = loadNative();
  if (addon !== undefined) return [ok('native addon loaded')];
  return [
    warn(
      `native addon not loaded (${reason ?? 'no reason given'}): the TypeScript fallback is used`,
      'It needs a C++ compiler and Python (Debian: apt-get install build-essential python3); "npm start" builds it, too.',
    ),
  ];
};
