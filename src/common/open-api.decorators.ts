import type * as OpenApi from '@nestjs/swagger';

/**
 * The decorators of `@nestjs/swagger`, without the package: it takes 10 MB, and most servers are never asked for their
 * description. What they say is kept until `describeAll`.
 */

type Decorate = (...target: readonly unknown[]) => void;
type Factory = (...options: readonly unknown[]) => Decorate;

const waiting: ((openApi: typeof OpenApi) => void)[] = [];

function later<Name extends keyof typeof OpenApi>(name: Name): (typeof OpenApi)[Name] {
  const factory: Factory =
    (...options) =>
    (...target) => {
      waiting.push((openApi) => {
        (openApi[name] as unknown as Factory)(...options)(...target);
      });
    };
  return factory as unknown as (typeof OpenApi)[Name];
}

/**
 * Tells the package what all decorators have said so far, in their order; each is told once. An application that makes a
 * document of its own calls it before: `describeOpenApi(await import('@nestjs/swagger'))`.
 */
export function describeAll(openApi: typeof OpenApi): void {
  for (const describe of waiting.splice(0)) describe(openApi);
}

export const ApiBearerAuth = later('ApiBearerAuth');
export const ApiBody = later('ApiBody');
export const ApiHeader = later('ApiHeader');
export const ApiNotFoundResponse = later('ApiNotFoundResponse');
export const ApiOkResponse = later('ApiOkResponse');
export const ApiOperation = later('ApiOperation');
export const ApiParam = later('ApiParam');
export const ApiProduces = later('ApiProduces');
export const ApiProperty = later('ApiProperty');
export const ApiPropertyOptional = later('ApiPropertyOptional');
export const ApiQuery = later('ApiQuery');
export const ApiResponse = later('ApiResponse');
export const ApiServiceUnavailableResponse = later('ApiServiceUnavailableResponse');
export const ApiTags = later('ApiTags');
