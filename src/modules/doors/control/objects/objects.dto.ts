import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsOptional,
  IsString,
  Max,
  Min,
} from 'class-validator';
import { NamespaceDto } from '../input/namespace.js';

const MAX_KEYS = 10_000;

/** The longest time a pin may be asked for: a day. */
export const MAX_PIN_MS = 86_400_000;

export class KeysDto extends NamespaceDto {
  @ApiProperty({ type: [String], maxItems: MAX_KEYS })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_KEYS)
  @IsString({ each: true })
  keys!: string[];
}

export class ExistsDto extends KeysDto {
  @ApiPropertyOptional({
    default: false,
    description: 'Keep what is there until it is read or the lease ends',
  })
  @IsOptional()
  @IsBoolean()
  lease?: boolean;
}

export class PinKeysDto extends KeysDto {
  @ApiPropertyOptional({ maximum: MAX_PIN_MS, description: 'Default: pin_timeout_sec of the server' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_PIN_MS)
  timeout_ms?: number;
}
