import { Body, Controller, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import { ApiKeyGuard } from '../access/api-key.guard.js';
import { Tenant } from '../access/tenant.decorator.js';
import { type Answer } from './answer.interface.js';
import { AnswersService } from './answers.service.js';
import { AskDto } from './ask.dto.js';

@Controller('answers')
@UseGuards(ApiKeyGuard)
export class AnswersController {
  constructor(@Inject(AnswersService) private readonly answers: AnswersService) {}

  @Post()
  @HttpCode(200)
  ask(@Body() question: AskDto, @Tenant() tenant: string): Promise<Answer> {
    return this.answers.answer(question, tenant);
  }
}
