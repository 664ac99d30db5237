import { isSecretName, redact } from '../../config/redact-config.js';

/** What else the names of variables end in that hold secrets; in a configuration these words mean other things, too. */
const SECRET_VARIABLE = /_(pat|pwd)$|(^|_)(auth|authorization|bearer|cookie|dsn|jwt|key|sas)$/i;
/** Private keys, headers of requests, strings of connections, `user:password@host`. */
const SECRET_TEXT =
  /PRIVATE KEY-----|\b(basic|bearer) \S|\b(accountkey|passwd|password|pwd|sharedaccesskey|sig)=|^[^\s:/@]+:[^\s/@]+@\S/i;

/** A shorter secret may stand in a variable by chance: that one must be it. */
const MIN_CONTAINED_LENGTH = 8;

/**
 * The variables of the server that its plugins get, too: all but those that hold a secret, by their name or their value.
 * It keeps secrets from logs and crash reports of plugins; from a plugin that looks for them in the files and processes
 * of its own user nothing can.
 *
 * @param secrets what the configuration of the server holds.
 * @param listed names that go on in any case.
 */
export function inheritedEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  secrets: readonly string[],
  listed: readonly string[],
): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (listed.includes(name) || !holdsSecret(name, value, secrets)) inherited[name] = value;
  }
  return inherited;
}

function holdsSecret(name: string, value: string, secrets: readonly string[]): boolean {
  return (
    isSecretName(name) ||
    SECRET_VARIABLE.test(name) ||
    SECRET_TEXT.test(value) ||
    redact(value) !== value ||
    hasSecretField(value) ||
    secrets.some(
      (secret) => value === secret || (secret.length >= MIN_CONTAINED_LENGTH && value.includes(secret)),
    )
  );
}

/** Settings may be given as JSON in a variable. */
function hasSecretField(value: string): boolean {
  if (!/^\s*[[{]/.test(value)) return false;
  try {
    const fields = JSON.parse(value) as unknown;
    return JSON.stringify(redact(fields)) !== JSON.stringify(fields);
  } catch {
    return false;
  }
}
