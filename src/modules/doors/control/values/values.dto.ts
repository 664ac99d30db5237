import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Max,
  Min,
  ValidateBy,
} from '../../../../common/validation.js';
import { checksumFromHex, fromBase64, metadataFrom } from '../input/encodings.js';
import { NamespaceDto } from '../input/namespace.js';
import { StoreDto } from '../prefix/store.dto.js';

const MAX_ITEMS = 1000;

/** Text that `parse` can read. */
function IsReadable(name: string, parse: (text: string) => unknown): PropertyDecorator {
  return ValidateBy({
    name: 'isReadable',
    validator: {
      validate: (value) => typeof value === 'string' && parse(value) !== undefined,
      defaultMessage: () => `$property must be ${name}`,
    },
  });
}

/** The bytes of a value, and what stands beside them. */
export class ValueDto {
  @IsReadable('base64', fromBase64)
  value!: string;

  @IsOptional()
  @IsReadable('base64 of at most 1024 bytes', metadataFrom)
  metadata?: string;

  /** CRC-32C that the bytes must have. */
  @IsOptional()
  @IsReadable('a CRC-32C in eight hex digits', checksumFromHex)
  checksum?: string;
}

export class PutItemDto extends ValueDto {
  @IsString()
  key!: string;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  ttl_ms?: number;
}

export class PutValuesDto extends NamespaceDto {
  /** `PutItemDto` each. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ITEMS)
  items!: unknown[];

  @IsOptional()
  @IsIn(['memory', 'all'])
  ack?: 'memory' | 'all';

  @IsOptional()
  @IsBoolean()
  only_if_absent?: boolean;
}

export class StoreItemDto extends ValueDto {
  /** Which chunk of the tokens. */
  @IsInt()
  @Min(0)
  index!: number;
}

export class StoreValuesDto extends StoreDto {
  /** `StoreItemDto` each. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ITEMS)
  chunks!: unknown[];
}
