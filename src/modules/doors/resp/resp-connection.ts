import { type Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { RespRequestParser } from '../../../protocols/resp/resp-request-parser.js';
import {
  type RespCommand,
  type RespProtocolError,
  type RespRequestEvent,
  type RespValueStart,
} from '../../../protocols/resp/resp-request.interface.js';
import { IncomingValue } from '../socket/incoming-value.js';
import { RequestConnection } from '../socket/request-connection.js';
import { CommandRunner } from './command-runner.js';
import { nameKey } from './keyspace/named-key.js';
import { ReplyWriter } from './reply-writer.js';
import { type RespDoorServices } from './resp-door-services.js';
import { RespSession } from './resp-session.js';

const logger = new Logger('RespDoor');

/** One client. A value is announced before its command is complete: its options stand behind it. */
export class RespConnection extends RequestConnection<RespRequestEvent> {
  readonly session: RespSession;
  readonly #services: RespDoorServices;
  readonly #reply: ReplyWriter;
  readonly #runner: CommandRunner;
  readonly #parser: RespRequestParser;

  constructor(
    accepted: Socket,
    id: number,
    services: RespDoorServices,
    onClose: (connection: RespConnection) => void,
  ) {
    const parser = new RespRequestParser();
    super({ accepted, counters: services.counters, logger }, parser, () => onClose(this));
    this.#services = services;
    this.#parser = parser;
    this.session = new RespSession(id, this.peer, !services.auth.required, services.clock.nowMs());
    this.#reply = new ReplyWriter(this.replies, services.counters);
    this.#runner = new CommandRunner(this.session, this.#reply, services, () => this.drained());
  }

  protected onEvent(event: RespRequestEvent): void {
    if (event.kind === 'command') this.#execute(event);
    else if (event.kind === 'value-start') this.#receive(event);
    else this.#reject(event);
  }

  protected onValueEnd(): void {
    this.#parser.endValue();
  }

  #execute(command: RespCommand): void {
    const value = this.takeValue();
    this.await(this.#runner.run(command, value), () => {
      value?.[Symbol.dispose]();
      if (command.name === 'QUIT') this.end();
    });
  }

  #receive({ key, lengthBytes }: RespValueStart): void {
    const { keyspace } = this.#services;
    const { authenticated, database } = this.session;
    this.receive(lengthBytes, () =>
      authenticated
        ? keyspace.receive(nameKey(key, database), lengthBytes)
        : IncomingValue.toNowhere(lengthBytes, 'rejected'),
    );
  }

  #reject({ message }: RespProtocolError): void {
    this.#services.counters.protocolErrors++;
    this.#reply.error(`ERR ${message}`);
    this.end();
  }
}
