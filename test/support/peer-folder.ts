import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where `npm test` installs a system that tests speak to; as scripts/setup/peer-folder.mjs says. */
export function peerFolder(name: string): string {
  const caches = process.env['XDG_CACHE_HOME'];
  return join(caches === undefined || caches === '' ? join(homedir(), '.cache') : caches, 'kvnest', name);
}
