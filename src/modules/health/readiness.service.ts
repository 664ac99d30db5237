import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CACHE_ENGINE, type CacheEngine } from '../engine/cache-engine.interface.js';

export type Readiness = 'ready' | 'draining';

/** Whether the server takes new work. */
@Injectable()
export class ReadinessService implements OnModuleDestroy {
  #shutDown = false;

  constructor(@Inject(CACHE_ENGINE) private readonly engine: CacheEngine) {}

  get readiness(): Readiness {
    return this.#shutDown || this.engine.status().draining ? 'draining' : 'ready';
  }

  onModuleDestroy(): void {
    this.#shutDown = true;
  }
}
