import { readFileSync } from 'node:fs';

/** Version of this package. */
export const PACKAGE_VERSION = readVersion();

/** package.json lies two folders up from here, in the sources and in the build. */
function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
