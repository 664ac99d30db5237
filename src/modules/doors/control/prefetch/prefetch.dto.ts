import { IsInt, IsNotEmpty, IsOptional, IsString, Max, Min } from '../../../../common/validation.js';
import { ApiPropertyOptional } from '../../../../common/open-api.decorators.js';
import { MAX_PRIORITY, MIN_PRIORITY } from '../../../prefetch/prefetch.interface.js';
import { KeysDto } from '../objects/objects.dto.js';
import { PrefixDto } from '../prefix/prefix.dto.js';

const HOUR_MS = 3_600_000;

export interface PrefetchOptionsDto {
  priority?: number;
  timeout_ms?: number;
  up_to?: string;
}

/** What `base` has, and these options. */
function withPrefetchOptions<T extends object>(base: new () => T): new () => T & PrefetchOptionsDto {
  class WithOptions extends (base as new () => object) {
    @ApiPropertyOptional({
      minimum: MIN_PRIORITY,
      maximum: MAX_PRIORITY,
      default: 5,
      description: '0 goes first',
    })
    @IsOptional()
    @IsInt()
    @Min(MIN_PRIORITY)
    @Max(MAX_PRIORITY)
    priority?: number;

    @ApiPropertyOptional({
      default: 60_000,
      maximum: HOUR_MS,
      description: 'What is not loaded by then stays',
    })
    @IsOptional()
    @IsInt()
    @Min(1)
    @Max(HOUR_MS)
    timeout_ms?: number;

    @ApiPropertyOptional({ description: 'Tier that chunks are brought to; default: the first' })
    @IsOptional()
    @IsString()
    @IsNotEmpty()
    up_to?: string;
  }
  return WithOptions as new () => T & PrefetchOptionsDto;
}

export class PrefetchPrefixDto extends withPrefetchOptions(PrefixDto) {}

export class PrefetchKeysDto extends withPrefetchOptions(KeysDto) {}
