import { type KvnestConfig } from '../../config/kvnest-config.interface.js';
import { type DoorStatus } from '../../modules/doors/door-registry.js';

/** Where a process of this machine finds the doors; undefined for a door that is shut. */
export interface DoorAddresses {
  readonly http: URL | undefined;
  readonly resp: URL | undefined;
  readonly lm: URL | undefined;
  readonly tcp: URL | undefined;
}

export function doorAddresses(doors: readonly DoorStatus[], { tcp }: KvnestConfig['doors']): DoorAddresses {
  const find = (name: string, scheme: string): URL | undefined => {
    const address = doors.find((door) => door.name === name)?.address;
    return address === undefined ? undefined : new URL(`${scheme}://${reachable(address)}`);
  };
  const isTls = tcp !== false && tcp.tls !== undefined;
  return {
    http: find('http', 'http'),
    resp: find('resp', 'redis'),
    lm: find('lm', 'lm'),
    tcp: find('tcp', isTls ? 'kvnests' : 'kvnest'),
  };
}

/** A door that listens on every address is reached by that of the machine itself. */
function reachable(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:');
}
