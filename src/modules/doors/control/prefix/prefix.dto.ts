import { IsInt, IsNotEmpty, IsOptional, IsString, Length, Max, Min } from '../../../../common/validation.js';
import { ApiProperty, ApiPropertyOptional } from '../../../../common/open-api.decorators.js';
import { MAX_GROUP_LENGTH, MAX_PIN_MS } from '../objects/objects.dto.js';
import { IsTokenList } from './is-token-list.js';

const MAX_RANKS = 65_536;

/** Whose tokens, and which. Either `tokens` or `tokens_b64`. */
export class PrefixDto {
  @ApiProperty({ example: 'meta-llama/Llama-3.1-8B' })
  @IsString()
  @IsNotEmpty()
  model!: string;

  @ApiPropertyOptional({ type: [Number], description: 'Token ids' })
  @IsOptional()
  @IsTokenList()
  tokens?: number[];

  @ApiPropertyOptional({ description: 'Token ids as little-endian u32 in base64: for long prompts' })
  @IsOptional()
  @IsString()
  tokens_b64?: string;

  @ApiPropertyOptional({ default: 1 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_RANKS)
  world_size?: number;

  @ApiPropertyOptional({ default: 0 })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_RANKS)
  worker_id?: number;

  @ApiPropertyOptional({ description: 'Default: world_size' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_RANKS)
  local_world_size?: number;

  @ApiPropertyOptional({ description: 'Default: worker_id' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_RANKS)
  local_rank?: number;

  @ApiPropertyOptional({ default: 0 })
  @IsOptional()
  @IsInt()
  @Min(0)
  object_group_id?: number;

  @ApiPropertyOptional({ default: 'bfloat16' })
  @IsOptional()
  @IsString()
  dtype?: string;

  @ApiPropertyOptional({ description: 'Tenant' })
  @IsOptional()
  @IsString()
  cache_salt?: string;
}

export class LookupDto extends PrefixDto {
  @ApiPropertyOptional({
    maximum: MAX_PIN_MS,
    description: 'Pin the hits for so long; without it they are leased',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_PIN_MS)
  pin_ms?: number;
}

export class PinPrefixDto extends PrefixDto {
  @ApiPropertyOptional({ maxLength: MAX_GROUP_LENGTH, description: 'By which these pins can end together' })
  @IsOptional()
  @IsString()
  @Length(1, MAX_GROUP_LENGTH)
  group?: string;

  @ApiPropertyOptional({ maximum: MAX_PIN_MS, description: 'Default: pin_timeout_sec of the server' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_PIN_MS)
  timeout_ms?: number;
}
