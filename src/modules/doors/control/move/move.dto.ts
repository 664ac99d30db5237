import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsBoolean, IsNotEmpty, IsOptional, IsString } from 'class-validator';
import { KeysDto } from '../objects/objects.dto.js';
import { PrefixDto } from '../prefix/prefix.dto.js';

export class MoveOptionsDto {
  @ApiProperty({ example: 'disk', description: 'Tier that chunks are brought to' })
  @IsString()
  @IsNotEmpty()
  to!: string;

  @ApiPropertyOptional({
    description: 'Tier that they are taken from; default: every other one of this server',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  from?: string;

  @ApiPropertyOptional({ default: false, description: 'Leave them where they are, too' })
  @IsOptional()
  @IsBoolean()
  copy?: boolean;
}

export class MovePrefixDto extends IntersectionType(PrefixDto, MoveOptionsDto) {}

export class MoveKeysDto extends IntersectionType(KeysDto, MoveOptionsDto) {}
