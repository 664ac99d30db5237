import { KvError } from '../../common/errors/kv-error.js';

/** @param attempts one line for each place where a library was looked for, and why it was not used. */
export function nixlUnavailable(message: string, attempts: readonly string[] = []): KvError {
  const details = attempts.length === 0 ? undefined : { attempts };
  return new KvError('KV_NIXL_UNAVAILABLE', `no NIXL: ${[message, ...attempts].join('\n  ')}`, {
    kind: 'unavailable',
    remedy:
      'Install NIXL, e.g. "pip install --no-deps nixl-cu12", or name its libnixl_capi.so with NIXL_CAPI_PATH; without it bytes come over TCP.',
    ...(details && { details }),
  });
}

export function nixlPeerRefused(reason: string): KvError {
  return new KvError('KV_NIXL_PEER', `the peer cannot be read from over NIXL: ${reason}`, {
    kind: 'unavailable',
    retryable: true,
    remedy: 'See whether both sides have the same NIXL version and reach each other on all ports.',
  });
}

export function nixlClosed(): KvError {
  return new KvError('KV_NIXL_CLOSED', "NIXL's agent is closed", { kind: 'unavailable' });
}

/** @param peer what logs call it. */
export function nixlPeerGone(peer: string, reason: string): KvError {
  return new KvError('KV_NIXL_GONE', `${peer} cannot be read from any more: ${reason}`, {
    kind: 'unavailable',
    retryable: true,
  });
}

export function nixlReadFailed(peer: string, reason: string): KvError {
  return new KvError('KV_NIXL_READ', `NIXL cannot read from ${peer}: ${reason}`, {
    kind: 'unavailable',
    retryable: true,
  });
}

/** @param reason in the library's terms, or one line for each library that was tried. */
export function nixlPluginUnusable(plugin: string, reason: string): KvError {
  return new KvError('KV_NIXL_PLUGIN', `NIXL's plugin ${plugin} cannot be used: ${reason}`, {
    kind: 'config',
    remedy:
      'Install a NIXL with this plugin, e.g. "pip install --no-deps nixl-cu12", or take a tier of type disk.',
  });
}

export function nixlStorageFailed(reason: string, cause?: unknown): KvError {
  return new KvError('KV_NIXL_STORAGE', `files cannot be read or written over NIXL: ${reason}`, {
    kind: 'unavailable',
    retryable: true,
    ...(cause !== undefined && { cause }),
    remedy: 'See whether the directory is there, may be written to, and has room.',
  });
}
