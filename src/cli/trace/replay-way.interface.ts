import { type Trace } from '../../modules/trace/trace.interface.js';

/** One way to replay a trace, its options read. */
export interface ReplayWay {
  readonly bytesPerToken: number;
  run(trace: Trace, out: (text: string) => void): Promise<void>;
}
