import { Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { ApiTags } from '../../../../common/open-api.decorators.js';
import { CACHE_ENGINE, type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { ApiJsonCall } from '../api-docs.js';
import { ValidBody } from '../input/body.decorator.js';
import { chunkKeysOf } from '../input/chunk-keys.js';
import { type KeyJson, keyJson } from './key-json.js';
import { ExistsDto, KeysDto, PinKeysDto, ScanDto } from './objects.dto.js';

interface ScanJson {
  readonly keys: readonly KeyJson[];
  /** Null: this was the last page. */
  readonly cursor: string | null;
}

/** The cache by key, as far as it is no bytes. */
@ApiTags('objects')
@Controller('v1/objects')
export class ObjectsController {
  constructor(@Inject(CACHE_ENGINE) private readonly engine: CacheEngine) {}

  @Post('exists')
  @MessagePattern('kv.exists')
  @ApiJsonCall('The first tier that has each key', { tiers: ['memory', null] })
  @HttpCode(200)
  async exists(@ValidBody(ExistsDto) body: ExistsDto): Promise<{ tiers: readonly (string | null)[] }> {
    const tiers = await this.engine.exists(keysOf(body), { lease: body.lease ?? false });
    return { tiers: tiers.map((tier) => tier ?? null) };
  }

  @Post('delete')
  @MessagePattern('kv.delete')
  @ApiJsonCall('Delete values', { deleted: [true, false] })
  @HttpCode(200)
  async deleteMany(@ValidBody(KeysDto) body: KeysDto): Promise<{ deleted: readonly boolean[] }> {
    return { deleted: await this.engine.delete(keysOf(body)) };
  }

  @Post('pin')
  @MessagePattern('kv.pin')
  @ApiJsonCall('Keep values from being evicted for a time', { pinned: [true, false] })
  @HttpCode(200)
  async pin(@ValidBody(PinKeysDto) body: PinKeysDto): Promise<{ pinned: readonly boolean[] }> {
    return { pinned: await this.engine.pin(keysOf(body), body.timeout_ms, body.group) };
  }

  @Post('unpin')
  @MessagePattern('kv.unpin')
  @ApiJsonCall('End pins', { unpinned: [true, false] })
  @HttpCode(200)
  async unpin(@ValidBody(KeysDto) body: KeysDto): Promise<{ unpinned: readonly boolean[] }> {
    return { unpinned: await this.engine.unpin(keysOf(body)) };
  }

  @Post('scan')
  @MessagePattern('kv.scan')
  @ApiJsonCall('A page of the keys of a namespace; without one, of all', {
    keys: [{ key: 'greeting', namespace: 0 }],
    cursor: null,
  })
  @HttpCode(200)
  async scan(@ValidBody(ScanDto) body: ScanDto): Promise<ScanJson> {
    const { namespace, cursor = '0', count } = body;
    const page = await this.engine.scan(namespace, Number(cursor), count);
    return { keys: page.keys.map(keyJson), cursor: page.cursor === 0 ? null : String(page.cursor) };
  }
}

function keysOf(body: KeysDto): ReturnType<typeof chunkKeysOf> {
  return chunkKeysOf(body.keys, body.namespace ?? 0);
}
