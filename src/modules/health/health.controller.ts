import { Controller, Get, Res } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import {
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '../../common/open-api.decorators.js';
import { ReadinessService } from './readiness.service.js';

/** Probes of orchestrators; they ask for no token. */
@ApiTags('health')
@Controller()
export class HealthController {
  constructor(private readonly service: ReadinessService) {}

  @Get('health/live')
  @ApiOperation({ summary: 'Whether the process answers' })
  @ApiOkResponse({ schema: { example: { status: 'ok' } } })
  live(): { status: string } {
    return { status: 'ok' };
  }

  /** `/healthcheck` is LMCache's name for it. */
  @Get(['health/ready', 'healthcheck'])
  @ApiOperation({ summary: 'Whether the server takes new work' })
  @ApiOkResponse({ schema: { example: { status: 'ready' } } })
  @ApiServiceUnavailableResponse({ schema: { example: { status: 'draining' } } })
  ready(@Res() reply: FastifyReply): void {
    const status = this.service.readiness;
    void reply.code(status === 'ready' ? 200 : 503).send({ status });
  }
}
