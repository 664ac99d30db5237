import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { PrefillService } from '../prefill/prefill.service.js';
import { CHUNK_TOKENS, tokenize } from '../prefill/tokens.js';
import { type Answer } from './answer.interface.js';
import { type AskDto } from './ask.dto.js';
import { SharedStates } from './shared-states.js';

/** Answers prompts: what kvnest has of one is loaded, the rest is computed and stored for the next. */
@Injectable()
export class AnswersService {
  constructor(
    @Inject(PrefillService) private readonly prefill: PrefillService,
    @Inject(SharedStates) private readonly shared: SharedStates,
  ) {}

  async answer({ document, question }: AskDto, tenant: string): Promise<Answer> {
    const startedMs = performance.now();
    // What questions have in common comes first: only prefixes are shared.
    const tokens = tokenize(`${document}\n\n${question}`);
    const states = await this.shared.load(tokens, tenant);
    const tokensFromCache = states.length * CHUNK_TOKENS;
    const saves: Promise<boolean>[] = [];
    for (let start = tokensFromCache; start < tokens.length; start += CHUNK_TOKENS) {
      const chunk = tokens.subarray(start, start + CHUNK_TOKENS);
      const state = await this.prefill.compute(chunk, states.at(-1));
      states.push(state);
      // While the next one is computed.
      if (chunk.length === CHUNK_TOKENS)
        saves.push(this.shared.save(tokens, start / CHUNK_TOKENS, state, tenant));
    }
    const stored = await Promise.all(saves);
    return {
      answer: digest(states),
      pid: process.pid,
      promptTokens: tokens.length,
      tokensFromCache,
      tokensComputed: tokens.length - tokensFromCache,
      chunksStored: stored.filter(Boolean).length,
      ms: Math.round(performance.now() - startedMs),
    };
  }
}

/** In the place of what a model would say. */
function digest(states: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const state of states) hash.update(state);
  return hash.digest('hex');
}
