import {
  IsIn,
  IsNotEmpty,
  IsNumber,
  IsOptional,
  IsPositive,
  IsString,
} from '../../../../common/validation.js';
import { ApiProperty, ApiPropertyOptional } from '../../../../common/open-api.decorators.js';
import { KeysDto } from '../objects/objects.dto.js';
import { PrefixDto } from '../prefix/prefix.dto.js';

export interface DecompressOptionsDto {
  tier: string;
}

/** What `base` has, and these options. */
function withTier<T extends object>(base: new () => T): new () => T & DecompressOptionsDto {
  class WithOptions extends (base as new () => object) {
    @ApiProperty({ example: 'disk', description: 'Tier in which it is done' })
    @IsString()
    @IsNotEmpty()
    tier!: string;
  }
  return WithOptions as new () => T & DecompressOptionsDto;
}

export interface CompressOptionsDto extends DecompressOptionsDto {
  codec: string;
  max_error?: number;
  value_dtype?: string;
}

/** What `base` has, and these options. */
function withCompressOptions<T extends object>(base: new () => T): new () => T & CompressOptionsDto {
  class WithOptions extends (withTier(base) as new () => object) {
    @ApiProperty({ example: 'zstd', description: 'zstd loses nothing; int8 and fp8 do' })
    @IsString()
    @IsNotEmpty()
    codec!: string;

    @ApiPropertyOptional({
      example: 0.008,
      description:
        'Largest error that is acceptable, as a part of the largest magnitude among the 128 values around: at least that of the codec',
    })
    @IsOptional()
    @IsNumber()
    @IsPositive()
    max_error?: number;

    @ApiPropertyOptional({
      enum: ['float16', 'bfloat16', 'float32'],
      description: 'What the values of chunks are whose metadata do not say',
    })
    @IsOptional()
    @IsIn(['float16', 'bfloat16', 'float32'])
    value_dtype?: string;
  }
  return WithOptions as new () => T & CompressOptionsDto;
}

export class CompressPrefixDto extends withCompressOptions(PrefixDto) {}

export class CompressKeysDto extends withCompressOptions(KeysDto) {}

export class DecompressPrefixDto extends withTier(PrefixDto) {}

export class DecompressKeysDto extends withTier(KeysDto) {}
