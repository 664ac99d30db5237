import { Controller, type OnModuleDestroy } from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import { type Observable, Subject, takeUntil } from 'rxjs';
import { IsArray, IsIn, IsOptional } from '../../../../common/validation.js';
import { type EngineEventType } from '../../../engine/engine-events.js';
import { replyFlowOf } from '../../reply-flow.interface.js';
import { ValidBody } from '../input/body.decorator.js';
import { eventFeed, type FeedJson } from './event-feed.js';

const TYPES: readonly EngineEventType[] = ['stored', 'hit', 'miss', 'evicted'];

export class EventsDto {
  /** Default: all. */
  @IsOptional()
  @IsArray()
  @IsIn(TYPES, { each: true })
  types?: EngineEventType[];
}

/** What happens to chunks, for messages only. */
@Controller()
export class EventsController implements OnModuleDestroy {
  readonly #ended$ = new Subject<void>();

  @MessagePattern('kv.events')
  events(@ValidBody(EventsDto) { types = [] }: EventsDto, @Ctx() context: unknown): Observable<FeedJson> {
    return eventFeed(types, replyFlowOf(context)).pipe(takeUntil(this.#ended$));
  }

  /** Doors that drain wait for the end of every stream. */
  onModuleDestroy(): void {
    this.#ended$.next();
    this.#ended$.complete();
  }
}
