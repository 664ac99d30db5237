import { Controller, Delete, Get, type MessageEvent, type OnModuleDestroy, Param, Sse } from '@nestjs/common';
import { asyncScheduler, map, type Observable, Subject, takeUntil, throttleTime } from 'rxjs';
import { ApiTags } from '../../../../common/open-api.decorators.js';
import { JobRegistry } from '../../../jobs/job-registry.js';
import { ApiCall, ApiJsonCall } from '../api-docs.js';
import { type JobJson, jobJson } from './job-json.js';

const JOB_EXAMPLE = { id: '5b2a…', kind: 'prefetch', over: false, state: 'loading', total: 64, loaded: 12 };

/** Of one job: it may take thousands of steps a second, and a watcher need not keep up with them. */
const EVENT_INTERVAL_MS = 100;

/** What the server does while nobody waits for it. */
@ApiTags('jobs')
@Controller('v1/jobs')
export class JobsController implements OnModuleDestroy {
  readonly #ended$ = new Subject<void>();

  constructor(private readonly jobs: JobRegistry) {}

  @Get()
  @ApiJsonCall('Jobs that are under way, or were in the last ten minutes', { jobs: [JOB_EXAMPLE] })
  list(): { jobs: readonly JobJson[] } {
    return { jobs: this.jobs.list().map(jobJson) };
  }

  @Get(':id')
  @ApiJsonCall('How far a job is', JOB_EXAMPLE)
  find(@Param('id') id: string): JobJson {
    return jobJson(this.jobs.find(id));
  }

  @Sse(':id/events')
  @ApiCall('How far a job is, as server-sent events, to its end')
  watch(@Param('id') id: string): Observable<MessageEvent> {
    return this.jobs.watch(id).pipe(
      throttleTime(EVENT_INTERVAL_MS, asyncScheduler, { leading: true, trailing: true }),
      map((job) => ({ data: jobJson(job) })),
      takeUntil(this.#ended$),
    );
  }

  @Delete(':id')
  @ApiJsonCall('End a job', { ...JOB_EXAMPLE, over: true, state: 'cancelled' })
  cancel(@Param('id') id: string): JobJson {
    return jobJson(this.jobs.cancel(id));
  }

  /** A door that drains waits for the end of every answer. */
  onModuleDestroy(): void {
    this.#ended$.next();
    this.#ended$.complete();
  }
}
