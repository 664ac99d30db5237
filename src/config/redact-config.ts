import { type KvnestConfig } from './kvnest-config.interface.js';

const SECRET = /token$|passw|passphrase|(^|[_.-])pass$|secret|credential|access_?key|api_?key|private_?key/i;
/** Up to the last @, for a password may have one, or what else would have to be escaped. */
const USER_INFO = /^([a-z][a-z0-9+.-]*:\/\/)(?=[^/?]*[:@]).*@/is;
const PARAMETER = /([?&])([^=&#]*)=([^&#]*)/g;

/** A URL without what stands before its @, and without the values of parameters that name a secret. */
export function redactUrl(url: string): string {
  return url
    .replace(USER_INFO, '$1***@')
    .replace(PARAMETER, (whole, start: string, name: string) =>
      isSecretName(name) ? `${start}${name}=***` : whole,
    );
}

export function isSecretName(name: string): boolean {
  return SECRET.test(name);
}

/** A plain copy for status output and logs, with tokens, passwords and the user part of URLs hidden. */
export function redactConfig(config: KvnestConfig): Record<string, unknown> {
  return redact(config) as Record<string, unknown>;
}

/** The same for a part of a configuration, as it was given. @param name of the setting. */
export function redact(value: unknown, name = ''): unknown {
  if (typeof value === 'string') return isSecretName(name) ? '***' : redactUrl(value);
  if (Array.isArray(value)) return value.map((item) => redact(item, name));
  if (typeof value !== 'object' || value === null)
    return isSecretName(name) && value !== undefined ? '***' : value;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, redact(below, key)]));
}
