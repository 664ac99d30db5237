import { type Socket } from 'node:net';
import { JsonSocket } from '@nestjs/microservices';

export interface NestDoorSocketOptions {
  readonly maxValueBytes: number;
  readonly bodyTimeoutMs: number;
}

const MIB = 1024 * 1024;

/** Nest's framing of JSON, with the limits of the door. */
export class NestDoorSocket extends JsonSocket {
  constructor(socket: Socket, { maxValueBytes, bodyTimeoutMs }: NestDoorSocketOptions) {
    super(socket, { maxBufferSize: 2 * maxValueBytes + MIB, incompleteMessageTimeout: bodyTimeoutMs });
  }
}
