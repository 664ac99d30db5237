import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';

/** A request of somebody whom `ApiKeyGuard` has let in. */
export interface TenantRequest extends FastifyRequest {
  tenant: string;
}

/** Whose request it is. Chunks of one tenant are no chunks of another, so none learns from times what others asked. */
export const Tenant = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<TenantRequest>().tenant,
);
