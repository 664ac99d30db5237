import { lastValueFrom } from 'rxjs';
import { type KvnestClient } from '../../../client/index.js';

/** Prefetches with a message of this pattern. @returns how many chunks the server brought to its first tier. */
export async function prefetched(client: KvnestClient, pattern: string, data: object): Promise<number> {
  const last = await lastValueFrom(client.send(pattern, data), { defaultValue: undefined });
  return (last as { readonly loaded?: number } | undefined)?.loaded ?? 0;
}
