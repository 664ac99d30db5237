import { type DynamicModule, Module } from '@nestjs/common';
import { type KvnestConfig } from '../../config/kvnest-config.interface.js';
import { TRACE_RECORDER, TraceRecorder } from './recording/trace-recorder.js';
import { TraceController } from './trace.controller.js';

/** Writes traces of what the server is asked for. */
@Module({})
export class TraceModule {
  static forRoot(config: KvnestConfig): DynamicModule {
    return {
      module: TraceModule,
      controllers: config.doors.http === false ? [] : [TraceController],
      providers: [{ provide: TRACE_RECORDER, useFactory: () => new TraceRecorder(config) }],
    };
  }
}
