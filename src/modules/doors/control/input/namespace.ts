import { IsInt, IsOptional, Max, Min } from '../../../../common/validation.js';
import { ApiPropertyOptional } from '../../../../common/open-api.decorators.js';

/** Highest namespace a key can have. */
export const MAX_NAMESPACE = 0x7fff_ffff;

/** Body fields of requests about keys. */
export class NamespaceDto {
  @ApiPropertyOptional({ default: 0, description: 'The number that RESP clients SELECT' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_NAMESPACE)
  namespace?: number;
}
