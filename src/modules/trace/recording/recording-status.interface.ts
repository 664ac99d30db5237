/** What is being recorded, or was last. */
export interface RecordingStatus {
  readonly recording: boolean;
  readonly path: string;
  /** ISO 8601; undefined = nothing was recorded yet. */
  readonly startedAt: string | undefined;
  /** Events that are in the file, or on their way. */
  readonly events: number;
  /** Of those, all files together. */
  readonly bytes: number;
  /** Events that the disk was too slow for. */
  readonly lostEvents: number;
  /** What the disk failed with. */
  readonly error: string | undefined;
}
