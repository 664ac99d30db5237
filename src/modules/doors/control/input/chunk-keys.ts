import { ChunkKey, MAX_KEY_BYTES } from '../../../../protocols/chunk-key/chunk-key.js';
import { inputError, type Problem } from './input-error.js';

/** @throws KV_INPUT_INVALID */
export function chunkKeyOf(text: string, namespace: number, path = 'key'): ChunkKey {
  const problem = keyProblem(text, path);
  if (problem !== undefined) throw inputError([problem]);
  return ChunkKey.of(text, namespace);
}

/** @throws KV_INPUT_INVALID with every bad key. */
export function chunkKeysOf(texts: readonly string[], namespace: number): readonly ChunkKey[] {
  const problems: Problem[] = [];
  const keys = texts.map((text, index) => {
    const problem = keyProblem(text, `keys[${index}]`);
    if (problem !== undefined) problems.push(problem);
    return ChunkKey.of(text, namespace);
  });
  if (problems.length > 0) throw inputError(problems);
  return keys;
}

function keyProblem(text: string, path: string): Problem | undefined {
  if (text.length === 0) return { path, message: 'empty' };
  if (Buffer.byteLength(text) > MAX_KEY_BYTES) return { path, message: `longer than ${MAX_KEY_BYTES} bytes` };
  if (!text.isWellFormed()) return { path, message: 'has a lone surrogate' };
  return undefined;
}
