import { type KvnestConfig } from '../kvnest-config.interface.js';

type Doors = KvnestConfig['doors'];

/** Which door answers a scheme, and at which port where the URL names none. */
const SPOKEN: Readonly<Record<string, readonly [door: keyof Doors, port: number]>> = {
  lm: ['lm', 65_432],
  resp: ['resp', 6379],
  redis: ['resp', 6379],
  valkey: ['resp', 6379],
  kvnest: ['tcp', 7070],
  kvnests: ['tcp', 7070],
};

const URL_FORM = /^([a-z]+):\/\/(?:[^/?#]*@)?([^/?#]*)/i;
const ADDRESS = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/;
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/i;
const EVERYWHERE = new Set(['0.0.0.0', '::', '*']);

/**
 * The door of this server that a URL leads to, as far as one can tell without asking: the file that engines read names
 * one as their store, and may be given to the server, too.
 */
export function ownDoor(url: string, doors: Doors): string | undefined {
  const [, scheme = '', authority = ''] = URL_FORM.exec(url.trim()) ?? [];
  const spoken = Object.hasOwn(SPOKEN, scheme.toLowerCase()) ? SPOKEN[scheme.toLowerCase()] : undefined;
  if (spoken === undefined) return undefined;
  const [name, defaultPort] = spoken;
  const door = doors[name];
  if (door === false) return undefined;
  const isOwn = authority.split(',').some((address) => {
    const [, bracketed, plain, port = defaultPort] = ADDRESS.exec(address.trim()) ?? [];
    return Number(port) === door.port && answersAt(bracketed ?? plain ?? '', door.host);
  });
  return isOwn ? `doors.${name}` : undefined;
}

/** An empty host is this machine. */
function answersAt(host: string, doorHost: string): boolean {
  if (host === doorHost) return true;
  const isHere = host === '' || LOOPBACK.test(host) || EVERYWHERE.has(host);
  return isHere && (LOOPBACK.test(doorHost) || EVERYWHERE.has(doorHost));
}
