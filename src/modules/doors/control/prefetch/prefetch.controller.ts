import { Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { type Observable } from 'rxjs';
import { ApiTags } from '../../../../common/open-api.decorators.js';
import { CACHE_ENGINE, type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { JobRegistry } from '../../../jobs/job-registry.js';
import { type PrefetchOptions, type PrefetchProgress } from '../../../prefetch/prefetch.interface.js';
import { ApiJsonCall } from '../api-docs.js';
import { ValidBody } from '../input/body.decorator.js';
import { chunkKeysOf } from '../input/chunk-keys.js';
import { type JobJson, jobJson } from '../jobs/job-json.js';
import { prefixRequestOf } from '../prefix/prefix-request.js';
import { PrefetchKeysDto, type PrefetchOptionsDto, PrefetchPrefixDto } from './prefetch.dto.js';

const STARTED = { id: '5b2a…', kind: 'prefetch', over: false, state: 'locating', total: 64, loaded: 0 };

/** Brings chunks to faster tiers before they are asked for. */
@ApiTags('prefetch')
@Controller('v1/prefetch')
export class PrefetchController {
  constructor(
    @Inject(CACHE_ENGINE) private readonly engine: CacheEngine,
    private readonly jobs: JobRegistry,
  ) {}

  @Post('prefix')
  @ApiJsonCall('Bring the cached chunks of a prompt to a faster tier; the answer names the job', STARTED)
  @HttpCode(202)
  startPrefix(@ValidBody(PrefetchPrefixDto) body: PrefetchPrefixDto): JobJson {
    return jobJson(this.jobs.start('prefetch', this.prefix(body)));
  }

  @Post('keys')
  @ApiJsonCall('As for a prompt, by the keys of its chunks in order', STARTED)
  @HttpCode(202)
  startKeys(@ValidBody(PrefetchKeysDto) body: PrefetchKeysDto): JobJson {
    return jobJson(this.jobs.start('prefetch', this.keys(body)));
  }

  /** Messages are answered with the stream itself: who leaves it cancels. */
  @MessagePattern('kv.prefetch')
  prefix(@ValidBody(PrefetchPrefixDto) body: PrefetchPrefixDto): Observable<PrefetchProgress> {
    return this.engine.prefetch(prefixRequestOf(body), optionsOf(body));
  }

  @MessagePattern('kv.prefetch.keys')
  keys(@ValidBody(PrefetchKeysDto) body: PrefetchKeysDto): Observable<PrefetchProgress> {
    return this.engine.prefetch(chunkKeysOf(body.keys, body.namespace ?? 0), optionsOf(body));
  }
}

function optionsOf({ priority, timeout_ms, up_to }: PrefetchOptionsDto): PrefetchOptions {
  return {
    ...(priority !== undefined && { priority }),
    ...(timeout_ms !== undefined && { timeoutMs: timeout_ms }),
    ...(up_to !== undefined && { upTo: up_to }),
  };
}
