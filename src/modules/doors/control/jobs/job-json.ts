import { type Job } from '../../../jobs/job.interface.js';

/** A job as JSON; the rest is how far it is, by its kind. */
export interface JobJson {
  readonly id: string;
  readonly kind: string;
  readonly over: boolean;
  readonly state: string;
}

export function jobJson({ id, kind, isOver, progress }: Job): JobJson {
  return { id, kind, over: isOver, ...progress };
}
