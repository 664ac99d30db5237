/** How far some work is. `cancelled`: it ended before it was done, by a request or with the server. */
export interface JobProgress {
  readonly state: string;
}

/** Work that goes on while nobody waits for it. */
export interface Job {
  readonly id: string;
  /** What it does, such as `prefetch`. */
  readonly kind: string;
  /** It changes no more. */
  readonly isOver: boolean;
  readonly progress: JobProgress;
}
