import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsIn, IsNotEmpty, IsNumber, IsOptional, IsPositive, IsString } from 'class-validator';
import { KeysDto } from '../objects/objects.dto.js';
import { PrefixDto } from '../prefix/prefix.dto.js';

class DecompressOptionsDto {
  @ApiProperty({ example: 'disk', description: 'Tier in which it is done' })
  @IsString()
  @IsNotEmpty()
  tier!: string;
}

export class CompressOptionsDto extends DecompressOptionsDto {
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

export class CompressPrefixDto extends IntersectionType(PrefixDto, CompressOptionsDto) {}

export class CompressKeysDto extends IntersectionType(KeysDto, CompressOptionsDto) {}

export class DecompressPrefixDto extends IntersectionType(PrefixDto, DecompressOptionsDto) {}

export class DecompressKeysDto extends IntersectionType(KeysDto, DecompressOptionsDto) {}
