import { Module } from '@nestjs/common';
import { JobRegistry } from './job-registry.js';

/** Work that goes on while nobody waits for it. Needs CLOCK from a global module. */
@Module({ providers: [JobRegistry], exports: [JobRegistry] })
export class JobsModule {}
