import { Controller, Get, Inject } from '@nestjs/common';
import { KVNEST_CLIENT, type KvnestClient } from 'kvnest/client';

export interface Health {
  /** That of this service, which works without a cache, too: an outage of kvnest is no reason to restart it. */
  readonly status: 'ok';
  /** By the address of each server. */
  readonly kvnest: Readonly<Record<string, 'up' | 'down'>>;
}

const TIMEOUT_MS = 500;

@Controller('health')
export class HealthController {
  constructor(@Inject(KVNEST_CLIENT) private readonly cache: KvnestClient) {}

  @Get()
  async read(): Promise<Health> {
    const servers = await this.cache.status({ timeoutMs: TIMEOUT_MS });
    const states = [...servers].map(([address, said]) => [address, said === undefined ? 'down' : 'up']);
    return { status: 'ok', kvnest: Object.fromEntries(states) as Health['kvnest'] };
  }
}
