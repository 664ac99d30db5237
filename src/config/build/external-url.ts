/** The scheme of LMCache's URLs that name the code of their connector. */
export const EXTERNAL_SCHEME = 'external';

const EXTERNAL_URL = /^external:\/\/[^/?]*\/?([^?]*)(?:\?(.*))?$/is;

export interface ExternalUrl {
  readonly modulePath: string;
  readonly className: string | undefined;
}

/**
 * `external://host:0/module.path/?connector_name=Class`, taken apart. After the slash that ends the host stands the
 * module: a package, `./file.mjs`, or `/file.mjs` (which makes two slashes).
 *
 * @returns undefined for other URLs.
 */
export function parseExternalUrl(url: string): ExternalUrl | undefined {
  const [, path, query] = EXTERNAL_URL.exec(url.trim()) ?? [];
  if (path === undefined) return undefined;
  const className = new URLSearchParams(query ?? '').get('connector_name');
  return { modulePath: decode(path.replace(/\/+$/, '')), className: className ?? undefined };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
