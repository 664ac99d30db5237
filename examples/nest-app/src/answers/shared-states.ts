import { Inject, Injectable, Logger } from '@nestjs/common';
import { KVNEST_CLIENT, type KvnestClient } from 'kvnest/client';
import { STATE_BYTES } from '../prefill/prefill.service.js';
import { CHUNK_TOKENS } from '../prefill/tokens.js';

/** The states of chunks, shared by all instances. What goes wrong here costs time, never an answer. */
@Injectable()
export class SharedStates {
  readonly #logger = new Logger(SharedStates.name);

  constructor(@Inject(KVNEST_CLIENT) private readonly cache: KvnestClient) {}

  /** Those from the start of the prompt that are there, in order. */
  async load(tokens: Uint32Array, tenant: string): Promise<Uint8Array[]> {
    const states: Uint8Array[] = [];
    try {
      for await (const chunk of this.cache.retrieve(tokens, { cacheSalt: tenant })) {
        // A server that cuts chunks of another length has nothing for us.
        if (chunk.tokens !== CHUNK_TOKENS || chunk.bytes.length !== STATE_BYTES) break;
        states.push(chunk.bytes);
      }
    } catch (error) {
      this.#logger.warn(`Not all could be loaded: ${String(error)}`);
    }
    return states;
  }

  /** @returns whether kvnest has it now. */
  async save(tokens: Uint32Array, index: number, state: Uint8Array, tenant: string): Promise<boolean> {
    try {
      const chunks = [{ index, bytes: state }];
      const [answer] = await this.cache.store(tokens, chunks, { cacheSalt: tenant });
      return answer?.stored ?? false;
    } catch (error) {
      this.#logger.warn(`Chunk ${index} could not be stored: ${String(error)}`);
      return false;
    }
  }
}
