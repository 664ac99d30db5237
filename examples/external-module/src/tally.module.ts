import { Module } from '@nestjs/common';
import { TallyController } from './tally.controller.js';
import { TallyService } from './tally.service.js';

/** What the configuration names: `class_name: TallyModule`. Its `options` are `every_ms`, which may be left out. */
@Module({ controllers: [TallyController], providers: [TallyService] })
export class TallyModule {}
