import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type Arena } from '../../arena/arena.interface.js';
import { ARENA } from '../../arena/arena.tokens.js';
import { TIER_STACK } from './tiers.tokens.js';
import { type TierStack } from './tier-stack.js';

/**
 * Opens the backends before the doors listen. Closes them after the doors have closed, when every chunk that was
 * accepted has reached its tiers, and the arena last.
 */
@Injectable()
export class TiersLifecycle implements OnModuleInit, OnApplicationShutdown {
  readonly #logger = new Logger('Tiers');

  constructor(
    @Inject(TIER_STACK) private readonly stack: TierStack,
    @Inject(ARENA) private readonly arena: Arena,
  ) {}

  async onModuleInit(): Promise<void> {
    const opened: Promise<void>[] = this.stack.tiers.map(({ backend }) => backend.open());
    try {
      await Promise.all(opened);
    } catch (error) {
      await Promise.allSettled(opened);
      await this.#closeAll();
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.stack.settled();
    await this.#closeAll();
  }

  async #closeAll(): Promise<void> {
    for (const { backend } of this.stack.tiers) {
      try {
        await backend.close();
      } catch (error) {
        this.#logger.error(`Tier ${backend.name} did not close cleanly`, error);
        process.exitCode = 1;
      }
    }
    await this.stack.ended();
    this.arena.close();
  }
}
