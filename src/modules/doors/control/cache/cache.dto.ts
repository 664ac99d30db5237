import { IsInt, IsNotEmpty, IsOptional, IsString, Length, Min } from '../../../../common/validation.js';
import { ApiProperty, ApiPropertyOptional } from '../../../../common/open-api.decorators.js';
import { NamespaceDto } from '../input/namespace.js';
import { MAX_GROUP_LENGTH } from '../objects/objects.dto.js';

export class ClearDto extends NamespaceDto {
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  model?: string;

  @ApiPropertyOptional({ description: 'The cache_salt' })
  @IsOptional()
  @IsString()
  tenant?: string;

  @ApiPropertyOptional({ description: 'Name of the tier; default: all' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  tier?: string;

  @ApiPropertyOptional({ description: 'Stored longer ago than this' })
  @IsOptional()
  @IsInt()
  @Min(0)
  older_than_ms?: number;
}

export class UnpinGroupDto {
  @ApiProperty({ maxLength: MAX_GROUP_LENGTH })
  @IsString()
  @Length(1, MAX_GROUP_LENGTH)
  group!: string;
}
