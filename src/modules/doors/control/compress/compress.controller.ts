import { Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { type Observable } from 'rxjs';
import { ApiTags } from '../../../../common/open-api.decorators.js';
import {
  type CompressionProgress,
  type CompressRequest,
} from '../../../compression/compression.interface.js';
import { CACHE_ENGINE, type CacheEngine } from '../../../engine/cache-engine.interface.js';
import { JobRegistry } from '../../../jobs/job-registry.js';
import { ApiJsonCall } from '../api-docs.js';
import { ValidBody } from '../input/body.decorator.js';
import { chunkKeysOf } from '../input/chunk-keys.js';
import { type JobJson, jobJson } from '../jobs/job-json.js';
import { prefixRequestOf } from '../prefix/prefix-request.js';
import {
  CompressKeysDto,
  type CompressOptionsDto,
  CompressPrefixDto,
  DecompressKeysDto,
  DecompressPrefixDto,
} from './compress.dto.js';

const COMPRESSING = { id: '5b2a…', kind: 'compress', over: false, state: 'compressing', total: 64 };
const DECOMPRESSING = { ...COMPRESSING, kind: 'decompress', state: 'decompressing' };

/** Compresses and decompresses chunks where they are. */
@ApiTags('compress')
@Controller('v1')
export class CompressController {
  constructor(
    @Inject(CACHE_ENGINE) private readonly engine: CacheEngine,
    private readonly jobs: JobRegistry,
  ) {}

  @Post('compress/prefix')
  @ApiJsonCall('Compress the chunks of a prompt in a tier; the answer names the job', COMPRESSING)
  @HttpCode(202)
  compressPrefix(@ValidBody(CompressPrefixDto) body: CompressPrefixDto): JobJson {
    return jobJson(this.jobs.start('compress', this.compress(body)));
  }

  @Post('compress/keys')
  @ApiJsonCall('As for a prompt, by the keys of chunks', COMPRESSING)
  @HttpCode(202)
  compressChunks(@ValidBody(CompressKeysDto) body: CompressKeysDto): JobJson {
    return jobJson(this.jobs.start('compress', this.compressKeys(body)));
  }

  @Post('decompress/prefix')
  @ApiJsonCall('Decompress the chunks of a prompt in a tier; the answer names the job', DECOMPRESSING)
  @HttpCode(202)
  decompressPrefix(@ValidBody(DecompressPrefixDto) body: DecompressPrefixDto): JobJson {
    return jobJson(this.jobs.start('decompress', this.decompress(body)));
  }

  @Post('decompress/keys')
  @ApiJsonCall('As for a prompt, by the keys of chunks', DECOMPRESSING)
  @HttpCode(202)
  decompressChunks(@ValidBody(DecompressKeysDto) body: DecompressKeysDto): JobJson {
    return jobJson(this.jobs.start('decompress', this.decompressKeys(body)));
  }

  /** Messages are answered with the stream itself: who leaves it cancels. */
  @MessagePattern('kv.compress')
  compress(@ValidBody(CompressPrefixDto) body: CompressPrefixDto): Observable<CompressionProgress> {
    return this.engine.compress(prefixRequestOf(body), requestOf(body));
  }

  @MessagePattern('kv.compress.keys')
  compressKeys(@ValidBody(CompressKeysDto) body: CompressKeysDto): Observable<CompressionProgress> {
    return this.engine.compress(chunkKeysOf(body.keys, body.namespace ?? 0), requestOf(body));
  }

  @MessagePattern('kv.decompress')
  decompress(@ValidBody(DecompressPrefixDto) body: DecompressPrefixDto): Observable<CompressionProgress> {
    return this.engine.decompress(prefixRequestOf(body), { tier: body.tier });
  }

  @MessagePattern('kv.decompress.keys')
  decompressKeys(@ValidBody(DecompressKeysDto) body: DecompressKeysDto): Observable<CompressionProgress> {
    return this.engine.decompress(chunkKeysOf(body.keys, body.namespace ?? 0), { tier: body.tier });
  }
}

function requestOf({ tier, codec, max_error, value_dtype }: CompressOptionsDto): CompressRequest {
  return {
    tier,
    codec,
    ...(max_error !== undefined && { maxError: max_error }),
    ...(value_dtype !== undefined && { dtype: value_dtype }),
  };
}
