import { applyDecorators, Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '../../common/open-api.decorators.js';
import { type RecordingStatus } from './recording/recording-status.interface.js';
import { TRACE_RECORDER, type TraceRecorder } from './recording/trace-recorder.js';

const EXAMPLE: RecordingStatus = {
  recording: true,
  path: '/var/lib/kvnest/trace.jsonl',
  startedAt: '2026-01-01T00:00:00.000Z',
  events: 4711,
  bytes: 812_345,
  lostEvents: 0,
  error: undefined,
};

function ApiRecording(summary: string): MethodDecorator {
  return applyDecorators(
    HttpCode(200),
    ApiOperation({ summary }),
    ApiOkResponse({
      description: 'The recording as it is then',
      schema: { type: 'object', example: EXAMPLE },
    }),
  );
}

/** The trace that this server records. */
@ApiTags('trace')
@ApiBearerAuth()
@Controller('v1/trace')
export class TraceController {
  constructor(@Inject(TRACE_RECORDER) private readonly recorder: TraceRecorder) {}

  @Get()
  @ApiRecording('Whether a trace is being recorded')
  status(): RecordingStatus {
    return this.recorder.status();
  }

  @Post('start')
  @ApiRecording('Record what the server is asked for, to trace.path; what is being recorded goes on')
  start(): Promise<RecordingStatus> {
    return this.recorder.start();
  }

  @Post('stop')
  @ApiRecording('Stop recording; answers when the file is complete')
  stop(): Promise<RecordingStatus> {
    return this.recorder.stop();
  }
}
