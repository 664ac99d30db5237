import { beforeEach, describe, expect, it } from '@jest/globals';
import { lastValueFrom, NEVER, of, Subject, throwError, toArray } from 'rxjs';
import { ManualClock } from '../../../test/support/clock.js';
import { JobRegistry } from './job-registry.js';
import { type JobProgress } from './job.interface.js';

const TEN_MINUTES_MS = 600_000;
const MAX_JOBS = 1024;

describe('JobRegistry', () => {
  let clock: ManualClock;
  let jobs: JobRegistry;

  beforeEach(() => {
    clock = new ManualClock();
    jobs = new JobRegistry(clock);
  });

  it('says of work that fails why, with how far it was', async () => {
    const work$ = new Subject<JobProgress>();
    const { id } = jobs.start('test', work$);
    const told = lastValueFrom(jobs.watch(id).pipe(toArray()));
    work$.next({ state: 'half' });
    work$.error(new Error('broken'));
    const failed = { id, isOver: true, progress: { state: 'failed', error: 'broken' } };
    expect(jobs.find(id)).toMatchObject(failed);
    expect(await told).toMatchObject([
      { progress: { state: 'starting' } },
      { isOver: false, progress: { state: 'half' } },
      failed,
    ]);
    expect(await lastValueFrom(jobs.watch(id))).toMatchObject(failed);
  });

  it('has the end of work that ends, or fails, at once', () => {
    expect(jobs.start('test', of({ state: 'done' }))).toMatchObject({
      isOver: true,
      progress: { state: 'done' },
    });
    expect(
      jobs.start(
        'test',
        throwError(() => 'no'),
      ),
    ).toMatchObject({ isOver: true, progress: { error: 'no' } });
  });

  it('leaves work that is cancelled, once', () => {
    const work$ = new Subject<JobProgress>();
    const { id } = jobs.start('test', work$);
    work$.next({ state: 'half' });
    expect(jobs.cancel(id)).toMatchObject({ isOver: true, progress: { state: 'cancelled' } });
    expect(work$.observed).toBe(false);
    clock.advance(TEN_MINUTES_MS - 1);
    jobs.cancel(id);
    clock.advance(2);
    expect(jobs.list()).toEqual([]);
  });

  it('leaves all work with the server', () => {
    const work$ = new Subject<JobProgress>();
    jobs.start('test', work$);
    jobs.onModuleDestroy();
    expect([work$.observed, jobs.list()[0]?.isOver]).toEqual([false, true]);
  });

  it('forgets what is over for ten minutes, and nothing that is under way', () => {
    const over = jobs.start('test', of({ state: 'done' }));
    const running = jobs.start('test', NEVER);
    clock.advance(TEN_MINUTES_MS + 1);
    expect(jobs.list()).toEqual([running]);
    expect(() => jobs.find(over.id)).toThrow(expect.objectContaining({ code: 'KV_JOB_UNKNOWN' }));
  });

  it('forgets the oldest that is over where there are too many, and refuses more than so many at a time', () => {
    const over = Array.from({ length: 2 }, () => jobs.start('test', of({ state: 'done' })));
    for (let i = 2; i < MAX_JOBS; i++) jobs.start('test', NEVER);
    expect(jobs.start('test', NEVER)).toMatchObject({ isOver: false });
    expect(jobs.find(over[1]!.id).isOver).toBe(true);
    expect(() => jobs.find(over[0]!.id)).toThrow(expect.objectContaining({ code: 'KV_JOB_UNKNOWN' }));
    jobs.start('test', NEVER);
    const refused$ = new Subject<JobProgress>();
    expect(() => jobs.start('test', refused$)).toThrow(expect.objectContaining({ code: 'KV_JOB_LIMIT' }));
    expect([refused$.observed, jobs.list().length]).toEqual([false, MAX_JOBS]);
  });
});
