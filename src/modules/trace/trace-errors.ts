import { KvError } from '../../common/errors/kv-error.js';

export function unreadableTrace(path: string, cause: unknown): KvError {
  const { message } = cause as Error;
  return new KvError('KV_TRACE_UNREADABLE', `the trace ${path} cannot be read: ${message}`, {
    kind: 'config',
    remedy: 'Name a file that is there and may be read.',
    cause,
  });
}

export function unwritableTrace(path: string, cause: unknown): KvError {
  const { message } = cause as Error;
  return new KvError('KV_TRACE_UNWRITABLE', `the trace ${path} cannot be written: ${message}`, {
    kind: 'config',
    remedy: 'Name another place with trace.path, or mend its rights.',
    cause,
  });
}

/** @param line counted from 1. */
export function invalidTrace(path: string, line: number, problem: string): KvError {
  return new KvError('KV_TRACE_INVALID', `${path}:${line}: ${problem}`, {
    kind: 'config',
    remedy: 'See docs/traces.md for the formats that there are.',
    details: { path, line },
  });
}
