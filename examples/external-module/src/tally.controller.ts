import { Controller, Get, Inject } from '@nestjs/common';
import { type TallyReport, TallyService } from './tally.service.js';

/** Answers at the HTTP door, and asks for `auth.token` as its other paths do. */
@Controller('tally')
export class TallyController {
  constructor(@Inject(TallyService) private readonly service: TallyService) {}

  @Get()
  read(): TallyReport {
    return this.service.report();
  }
}
