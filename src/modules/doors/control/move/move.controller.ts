import { Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { type Observable } from 'rxjs';
import { ApiTags } from '../../../../common/open-api.decorators.js';
import { CACHE_ENGINE, type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { JobRegistry } from '../../../jobs/job-registry.js';
import { type MoveProgress, type MoveRequest } from '../../../moves/move.interface.js';
import { ApiJsonCall } from '../api-docs.js';
import { ValidBody } from '../input/body.decorator.js';
import { chunkKeysOf } from '../input/chunk-keys.js';
import { type JobJson, jobJson } from '../jobs/job-json.js';
import { prefixRequestOf } from '../prefix/prefix-request.js';
import { MoveKeysDto, type MoveOptionsDto, MovePrefixDto } from './move.dto.js';

const STARTED = { id: '5b2a…', kind: 'move', over: false, state: 'moving', total: 64, moved: 0 };

/** Brings chunks from tier to tier. */
@ApiTags('move')
@Controller('v1/move')
export class MoveController {
  constructor(
    @Inject(CACHE_ENGINE) private readonly engine: CacheEngine,
    private readonly jobs: JobRegistry,
  ) {}

  @Post('prefix')
  @ApiJsonCall('Bring the chunks of a prompt from one tier to another; the answer names the job', STARTED)
  @HttpCode(202)
  startPrefix(@ValidBody(MovePrefixDto) body: MovePrefixDto): JobJson {
    return jobJson(this.jobs.start('move', this.prefix(body)));
  }

  @Post('keys')
  @ApiJsonCall('As for a prompt, by the keys of chunks', STARTED)
  @HttpCode(202)
  startKeys(@ValidBody(MoveKeysDto) body: MoveKeysDto): JobJson {
    return jobJson(this.jobs.start('move', this.keys(body)));
  }

  /** Messages are answered with the stream itself: who leaves it cancels. */
  @MessagePattern('kv.move')
  prefix(@ValidBody(MovePrefixDto) body: MovePrefixDto): Observable<MoveProgress> {
    return this.engine.move(prefixRequestOf(body), requestOf(body));
  }

  @MessagePattern('kv.move.keys')
  keys(@ValidBody(MoveKeysDto) body: MoveKeysDto): Observable<MoveProgress> {
    return this.engine.move(chunkKeysOf(body.keys, body.namespace ?? 0), requestOf(body));
  }
}

function requestOf({ to, from, copy }: MoveOptionsDto): MoveRequest {
  return { to, ...(from !== undefined && { from }), ...(copy !== undefined && { copy }) };
}
