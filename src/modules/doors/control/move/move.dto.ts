import { IsBoolean, IsNotEmpty, IsOptional, IsString } from '../../../../common/validation.js';
import { ApiProperty, ApiPropertyOptional } from '../../../../common/open-api.decorators.js';
import { KeysDto } from '../objects/objects.dto.js';
import { PrefixDto } from '../prefix/prefix.dto.js';

export interface MoveOptionsDto {
  to: string;
  from?: string;
  copy?: boolean;
}

/** What `base` has, and these options. */
function withMoveOptions<T extends object>(base: new () => T): new () => T & MoveOptionsDto {
  class WithOptions extends (base as new () => object) {
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
  return WithOptions as new () => T & MoveOptionsDto;
}

export class MovePrefixDto extends withMoveOptions(PrefixDto) {}

export class MoveKeysDto extends withMoveOptions(KeysDto) {}
