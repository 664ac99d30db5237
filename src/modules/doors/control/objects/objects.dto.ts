import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
} from '../../../../common/validation.js';
import { ApiProperty, ApiPropertyOptional } from '../../../../common/open-api.decorators.js';
import { NamespaceDto } from '../input/namespace.js';

const MAX_KEYS = 10_000;

/** Keys of a page: however long they are, it fits into a frame. */
const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;

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

/** Of the name of a group of pins. */
export const MAX_GROUP_LENGTH = 256;

export class PinKeysDto extends KeysDto {
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

export class ScanDto extends NamespaceDto {
  @ApiPropertyOptional({ description: 'What the page before gave; default: from the start' })
  @IsOptional()
  @IsString()
  @Matches(/^\d{1,16}$/, { message: '$property must be what the page before gave' })
  cursor?: string;

  @ApiPropertyOptional({ default: DEFAULT_PAGE, maximum: MAX_PAGE, description: 'About so many keys' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_PAGE)
  count: number = DEFAULT_PAGE;
}
