import { parseConnectorUrl } from '../../../connectors/connector-url.js';
import { type ConnectorUrl } from '../../../connectors/connector-url.js';

/** What a server tells others of itself. Holds no secret. */
export interface RegistryEntry {
  /** `kvnest://host:port`, or `kvnests://`. */
  readonly url: string;
  readonly bootId: string;
}

const MAX_ENTRY_BYTES = 1_024;

export function formatEntry({ url, bootId }: RegistryEntry): string {
  return JSON.stringify({ url, boot_id: bootId });
}

/** @returns undefined for what is no entry: anybody may have written it. */
export function parseEntry(
  text: string,
): { readonly url: ConnectorUrl; readonly bootId: string } | undefined {
  if (text.length > MAX_ENTRY_BYTES) return undefined;
  try {
    const { url: given, boot_id: bootId } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof given !== 'string' || typeof bootId !== 'string') return undefined;
    const url = parseConnectorUrl(given);
    return isPlain(url) ? { url, bootId } : undefined;
  } catch {
    return undefined;
  }
}

/** One host, and nothing that would change how this side speaks. */
function isPlain({ scheme, hosts, path, parameters, user, password }: ConnectorUrl): boolean {
  const isKvnest = scheme === 'kvnest' || scheme === 'kvnests';
  const hasMore = path !== '' || parameters.size > 0 || user !== undefined || password !== undefined;
  return isKvnest && hosts.length === 1 && !hasMore;
}
