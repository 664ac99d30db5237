/** Where a server listens: a TCP address, or the path of a Unix socket. */
export type RespAddress = { readonly host: string; readonly port: number } | { readonly socketPath: string };

/** What a server names may be no port at all. */
export function isPort(value: number): boolean {
  return Number.isInteger(value) && value > 0 && value <= 65_535;
}

/** A key of this name for a `Map`; also what logs and errors call it. */
export function addressKey(address: RespAddress): string {
  return 'socketPath' in address ? address.socketPath : `${address.host}:${address.port}`;
}
