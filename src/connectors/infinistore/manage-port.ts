import { remoteProtocol, remoteUnreachable } from '../connector-errors.js';

export interface ManageAddress {
  readonly host: string;
  readonly port: number;
  /** What errors call the store. */
  readonly label: string;
}

/**
 * How many keys the server has, unfinished ones included, from its HTTP interface.
 *
 * @throws KV_REMOTE_UNREACHABLE, KV_REMOTE_PROTOCOL
 */
export async function countKeys({ host, port, label }: ManageAddress, signal?: AbortSignal): Promise<number> {
  const where = `${label}, management port ${port}`;
  const name = host.includes(':') ? `[${host}]` : host;
  const answer: unknown = await fetch(
    `http://${name}:${port}/kvmap_len`,
    signal === undefined ? {} : { signal },
  )
    .then((response) => response.json())
    .catch((error: unknown) => {
      if (error instanceof SyntaxError) return undefined;
      throw remoteUnreachable(where, (error as Error).cause ?? error);
    });
  const length = typeof answer === 'object' && answer !== null && 'len' in answer ? answer.len : undefined;
  if (typeof length === 'number') return length;
  throw remoteProtocol(where, 'it does not tell the number of keys');
}
