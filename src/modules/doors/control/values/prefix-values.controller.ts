import { Controller, Inject } from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import { type Observable } from 'rxjs';
import { type Clock } from '../../../../common/clock.js';
import { CLOCK } from '../../../../common/common.tokens.js';
import { CACHE_ENGINE, type CacheEngine, type PrefixChunk } from '../../../engine/cache-engine.interface.js';
import { replyFlowOf } from '../../reply-flow.interface.js';
import { ValidBody } from '../input/body.decorator.js';
import { inputError, type Problem } from '../input/input-error.js';
import { type PutAnswer } from '../input/put-answer.js';
import { validateEach } from '../input/validate.js';
import { noSuchChunk } from '../prefix/no-such-chunk.js';
import { type ChunkJson, chunkJson } from '../prefix/prefix-answers.js';
import { PrefixDto } from '../prefix/prefix.dto.js';
import { prefixRequestOf } from '../prefix/prefix-request.js';
import { type RetrievedJson, retrieveValues } from './retrieve-values.js';
import { SMALL_VALUES, type SmallValues } from './small-values.js';
import { storeValue } from './store-value.js';
import { incomingValue } from './value-json.js';
import { StoreItemDto, StoreValuesDto } from './values.dto.js';

/** Small chunks by tokens, in base64: for messages, which carry nothing but JSON. */
@Controller()
export class PrefixValuesController {
  constructor(
    @Inject(CACHE_ENGINE) private readonly engine: CacheEngine,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SMALL_VALUES) private readonly limits: SmallValues,
  ) {}

  @MessagePattern('kv.store')
  async store(
    @ValidBody(StoreValuesDto) body: StoreValuesDto,
  ): Promise<{ chunks: readonly (ChunkJson & PutAnswer)[] }> {
    const places = await this.engine.chunksInTurns(prefixRequestOf(body));
    const items = validateEach(StoreItemDto, body.chunks, 'chunks');
    checkPlaces(items, places.length);
    const values = items.map((item) => incomingValue(item));
    this.limits.check(values);
    const chunks: (ChunkJson & PutAnswer)[] = [];
    for (const [position, value] of values.entries()) {
      const place = places[items[position]?.index ?? 0] as PrefixChunk;
      const answer = await storeValue(
        this.engine,
        value,
        (length, options) => this.engine.reserveChunk(place, length, options),
        { ...this.#options(body), depth: place.index, ...(place.parent && { parent: place.parent }) },
      );
      chunks.push({ ...chunkJson(place), ...answer });
    }
    return { chunks };
  }

  @MessagePattern('kv.retrieve')
  retrieve(@ValidBody(PrefixDto) body: PrefixDto, @Ctx() context: unknown): Observable<RetrievedJson> {
    return retrieveValues(this.engine.retrieve(prefixRequestOf(body)), this.limits, replyFlowOf(context));
  }

  #options({ ack = 'memory', only_if_absent: onlyIfAbsent = false, ttl_ms }: StoreValuesDto): {
    ack: 'memory' | 'all';
    onlyIfAbsent: boolean;
    expiresAtMs: number;
  } {
    return { ack, onlyIfAbsent, expiresAtMs: ttl_ms === undefined ? 0 : this.clock.nowMs() + ttl_ms };
  }
}

/** @throws KV_INPUT_INVALID for chunks that the tokens do not make. */
function checkPlaces(items: readonly StoreItemDto[], chunkCount: number): void {
  const problems: Problem[] = [];
  for (const [position, { index }] of items.entries()) {
    if (index < chunkCount) continue;
    problems.push({ path: `chunks[${position}].index`, message: noSuchChunk(chunkCount) });
  }
  if (problems.length > 0) throw inputError(problems);
}
