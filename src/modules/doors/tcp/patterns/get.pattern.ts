import { type ArenaHandle } from '../../../../arena/arena.interface.js';
import { type ChunkKey } from '../../../../protocols/chunk-key/chunk-key.js';
import { AS_PUT } from '../../../../protocols/chunk-form/chunk-form.js';
import { frameError } from '../../../../protocols/kvnest-tcp/frame.js';
import { GET_OPTIONS, readKeyList } from '../../../../protocols/kvnest-tcp/key-list.js';
import { getAnswerBytes, MISS_ANSWER, writeGetAnswer } from '../../../../protocols/kvnest-tcp/replies.js';
import { type TcpRequest } from '../tcp-request.js';
import { chunkKey } from './chunk-keys.js';
import { type PatternContext, type PatternHandler } from './pattern.interface.js';

const { ATTRIBUTES, LOCAL } = GET_OPTIONS;

export const getPattern: PatternHandler = (request, header, _, context) => {
  const { namespace, option, keys } = readKeyList(Buffer.from(header));
  if (option > (ATTRIBUTES | LOCAL)) throw frameError(`the option ${option} of a get`);
  if (keys.length === 0) throw frameError('a get of no key');
  new Get(
    request,
    keys.map((key) => chunkKey(key, namespace)),
    { tellsAttributes: (option & ATTRIBUTES) !== 0, localOnly: (option & LOCAL) !== 0 },
    context,
  ).readOn();
  return undefined;
};

/**
 * Reads chunks and sends them in the order of their keys. A few are read ahead of the client, as many over all requests of
 * its connection as there are permits: a slow reader holds no more.
 */
class Get {
  #nextRead = 0;
  #nextSent = 0;
  #waitsForRoom = false;
  readonly #arrived = new Map<number, ArenaHandle | undefined>();

  constructor(
    private readonly request: TcpRequest,
    private readonly keys: readonly ChunkKey[],
    private readonly how: { readonly tellsAttributes: boolean; readonly localOnly: boolean },
    private readonly context: PatternContext,
  ) {
    request.onAbort(() => this.#giveUp());
  }

  /** Starts as many reads as there are permits for. */
  readonly readOn = (): void => {
    const { reads } = this.context;
    while (!this.request.ended && this.#nextRead < this.keys.length) {
      if (!reads.tryTake()) {
        reads.whenFree(this.readOn);
        return;
      }
      this.#read(this.#nextRead++);
    }
  };

  #read(index: number): void {
    const handle = this.context.engine.get(this.keys[index] as ChunkKey, this.how);
    if (handle instanceof Promise) {
      handle.then(
        (there) => this.#arrive(index, there),
        (error: unknown) => {
          this.context.reads.giveBack();
          this.request.fail(error);
        },
      );
    } else this.#arrive(index, handle);
  }

  #arrive(index: number, handle: ArenaHandle | undefined): void {
    this.#arrived.set(index, handle);
    if (this.request.ended) this.#giveUp();
    else this.#send();
  }

  #send(): void {
    if (this.#waitsForRoom || !this.#arrived.has(this.#nextSent)) return;
    this.#waitsForRoom = true;
    this.request.whenRoom(() => {
      this.#waitsForRoom = false;
      if (!this.request.ended) this.#sendNext();
    });
  }

  #sendNext(): void {
    const index = this.#nextSent++;
    const handle = this.#arrived.get(index);
    this.#arrived.delete(index);
    this.#reply(handle, index === this.keys.length - 1);
    this.context.reads.giveBack();
    this.#send();
  }

  #reply(found: ArenaHandle | undefined, end: boolean): void {
    const handle = this.#isKnown(found) ? found : undefined;
    if (handle === undefined) {
      found?.[Symbol.dispose]();
      this.request.reply(MISS_ANSWER, { end });
      return;
    }
    const { checksum, metadata, form } = handle;
    const attributes = this.how.tellsAttributes ? handle.attributes : undefined;
    const header = {
      headerBytes: getAnswerBytes(metadata, attributes),
      write: (target: Buffer, offset: number) =>
        writeGetAnswer(target, offset, { checksum, metadata, attributes, loss: form.loss }),
    };
    this.request.replyChunk(header, handle, { end });
  }

  /** Who reads for others must know what a chunk has lost. */
  #isKnown(handle: ArenaHandle | undefined): boolean {
    const { tellsAttributes, localOnly } = this.how;
    return (
      this.context.client.knowsLoss || !(tellsAttributes || localOnly) || handle?.form.loss === AS_PUT.loss
    );
  }

  #giveUp(): void {
    this.context.reads.withdraw(this.readOn);
    const held = [...this.#arrived.values()];
    this.#arrived.clear();
    for (const handle of held) handle?.[Symbol.dispose]();
    held.forEach(() => this.context.reads.giveBack());
  }
}
