import { Controller, Inject } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { type Clock } from '../../../../common/clock.js';
import { CLOCK } from '../../../../common/common.tokens.js';
import { CACHE_ENGINE, type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { ValidBody } from '../input/body.decorator.js';
import { chunkKeyOf, chunkKeysOf } from '../input/chunk-keys.js';
import { type PutAnswer } from '../input/put-answer.js';
import { validateEach } from '../input/validate.js';
import { KeysDto } from '../objects/objects.dto.js';
import { SMALL_VALUES, type SmallValues } from './small-values.js';
import { storeValue } from './store-value.js';
import { incomingValue, type ValueJson, valueJson } from './value-json.js';
import { PutItemDto, PutValuesDto } from './values.dto.js';

/** Small values by key, in base64: for messages, which carry nothing but JSON. */
@Controller()
export class ValuesController {
  constructor(
    @Inject(CACHE_ENGINE) private readonly engine: CacheEngine,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SMALL_VALUES) private readonly limits: SmallValues,
  ) {}

  @MessagePattern('kv.get')
  async get(@ValidBody(KeysDto) body: KeysDto): Promise<{ values: readonly (ValueJson | null)[] }> {
    const values: (ValueJson | null)[] = [];
    let messageBytes = 0;
    for (const key of chunkKeysOf(body.keys, body.namespace ?? 0)) {
      using handle = await this.engine.get(key);
      if (handle !== undefined) messageBytes = this.limits.add(messageBytes, handle.lengthBytes);
      values.push(handle === undefined ? null : valueJson(handle));
    }
    return { values };
  }

  @MessagePattern('kv.put')
  async put(@ValidBody(PutValuesDto) body: PutValuesDto): Promise<{ results: readonly PutAnswer[] }> {
    const { namespace = 0, ack = 'memory', only_if_absent: onlyIfAbsent = false } = body;
    const items = validateEach(PutItemDto, body.items, 'items').map((item, index) => ({
      ...incomingValue(item),
      key: chunkKeyOf(item.key, namespace, `items[${index}].key`),
      expiry: item.ttl_ms === undefined ? {} : { expiresAtMs: this.clock.nowMs() + item.ttl_ms },
    }));
    this.limits.check(items);
    const results: PutAnswer[] = [];
    for (const { key, expiry, ...value } of items) {
      results.push(
        await storeValue(this.engine, value, (length, options) => this.engine.reserve(key, length, options), {
          ack,
          onlyIfAbsent,
          ...expiry,
        }),
      );
    }
    return { results };
  }
}
