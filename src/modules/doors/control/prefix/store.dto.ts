import { IsBoolean, IsIn, IsInt, IsOptional, Max, Min } from '../../../../common/validation.js';
import { PrefixDto } from './prefix.dto.js';

/** How chunks of a prefix are to be stored. */
export class StoreDto extends PrefixDto {
  @IsOptional()
  @IsIn(['memory', 'all'])
  ack?: 'memory' | 'all';

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  ttl_ms?: number;

  @IsOptional()
  @IsBoolean()
  only_if_absent?: boolean;
}
