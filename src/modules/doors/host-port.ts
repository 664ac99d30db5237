import { type AddressInfo } from 'node:net';

/** `host:port` of a listening server, an IPv6 host in brackets; undefined while it does not listen. */
export function hostPort(bound: AddressInfo | string | null): string | undefined {
  if (typeof bound !== 'object' || bound === null) return undefined;
  const { address, port } = bound;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
