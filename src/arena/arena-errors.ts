import { KvError } from '../common/errors/kv-error.js';

export function useAfterFree(slot: number): KvError {
  return new KvError('KV_ARENA_USE_AFTER_FREE', `the chunk in slot ${slot} was given back`, {
    kind: 'internal',
  });
}

export function doubleFree(slot: number): KvError {
  return new KvError(
    'KV_ARENA_DOUBLE_FREE',
    `this reference to the chunk in slot ${slot} was given back before`,
    {
      kind: 'internal',
    },
  );
}

export function arenaClosed(): KvError {
  return new KvError('KV_ARENA_CLOSED', 'the arena is closed', { kind: 'internal' });
}

export function notReserved(slot: number, what: string): KvError {
  return new KvError('KV_ARENA_NOT_RESERVED', `${what}: the chunk in slot ${slot} is complete`, {
    kind: 'internal',
  });
}
