import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where a system that tests speak to is installed: outside the checkout, for all that there are. test/support knows it, too. */
export function peerFolder(name) {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'kvnest', name);
}
