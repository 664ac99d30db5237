import { RespBody, RespErrorReply, type RespValue } from './resp-reply.interface.js';

export type AggregateKind = 'array' | 'push' | 'map' | 'attribute';

interface Frame {
  readonly kind: AggregateKind;
  readonly items: RespValue[];
  missing: number;
}

/** A reply that is whole. */
export interface AssembledReply {
  readonly kind: 'reply' | 'push';
  readonly value: RespValue;
}

/** Puts values together to arrays and maps as they come. */
export class ReplyAssembler {
  readonly #frames: Frame[] = [];

  get depth(): number {
    return this.#frames.length;
  }

  /** An array or map begins. @returns the reply, when it ends here, too. */
  open(kind: AggregateKind, entries: number): AssembledReply | undefined {
    const missing = kind === 'map' || kind === 'attribute' ? 2 * entries : entries;
    this.#frames.push({ kind, items: [], missing });
    return missing === 0 ? this.#close() : undefined;
  }

  /** A value that is no array or map. @returns the reply, when it is whole with it. */
  add(value: RespValue): AssembledReply | undefined {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return { kind: 'reply', value };
    frame.items.push(value);
    frame.missing--;
    return frame.missing === 0 ? this.#close() : undefined;
  }

  #close(): AssembledReply | undefined {
    const frame = this.#frames.pop();
    if (frame === undefined || frame.kind === 'attribute') return undefined;
    if (frame.kind === 'push' && this.#frames.length === 0) return { kind: 'push', value: frame.items };
    return this.add(frame.kind === 'map' ? toMap(frame.items) : frame.items);
  }
}

function toMap(items: readonly RespValue[]): ReadonlyMap<string, RespValue> {
  const map = new Map<string, RespValue>();
  for (let i = 0; i + 1 < items.length; i += 2) map.set(keyText(items[i]), items[i + 1] ?? null);
  return map;
}

function keyText(key: RespValue | undefined): string {
  if (Buffer.isBuffer(key)) return key.toString('utf8');
  if (key instanceof RespErrorReply) return key.message;
  if (key instanceof RespBody || (typeof key === 'object' && key !== null)) return '';
  return String(key);
}
