import { type KvnestConfig } from '../../config/kvnest-config.interface.js';
import { isSecretName, redact } from '../../config/redact-config.js';

/** The texts that `redactConfig` hides, passwords of URLs among them. What the user has for his plugins is left out. */
export function configSecrets(config: KvnestConfig): readonly string[] {
  return [...new Set(secretsIn({ ...config, plugins: { ...config.plugins, extraConfig: {} } }, ''))];
}

function secretsIn(value: unknown, name: string): readonly string[] {
  if (typeof value === 'number') return isSecretName(name) ? [String(value)] : [];
  if (typeof value === 'string') {
    if (value === '') return [];
    return isSecretName(name) ? [value] : secretsOfUrl(value);
  }
  if (Array.isArray(value)) return value.flatMap((item) => secretsIn(item, name));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => secretsIn(below, key));
}

/** The URL itself, its password as it stands there and as it is meant, and parameters that name a secret. */
function secretsOfUrl(text: string): readonly string[] {
  if (redact(text) === text) return [];
  const url = URL.parse(text);
  if (url === null) return [text];
  const parameters = [...url.searchParams].filter(([name]) => isSecretName(name)).map(([, value]) => value);
  return [text, url.password, decode(url.password), ...parameters].filter((secret) => secret !== '');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
