import { ByteSize, Port, Switch, Text, WholeNumber } from '../schema/setting.decorators.js';

const HOUR_MS = 3_600_000;
const MIB = 2 ** 20;

/** What every door has: `doors.<name>.*`. */
abstract class DoorSettings {
  /** Address to listen on; `0.0.0.0` and `::` are all of them. */
  @Text()
  host = '127.0.0.1';

  /** Larger values are refused before their bytes are read. */
  @ByteSize({ minBytes: 1 })
  max_value = 512 * MIB;

  @WholeNumber({ min: 1, max: 1_000_000 })
  max_connections = 4_096;

  /** A body that makes no progress for this long loses its reservation. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  body_timeout_ms = 30_000;
}

export class HttpDoorSettings extends DoorSettings {
  @Port()
  port = 8080;
}

export class RespDoorSettings extends DoorSettings {
  @Port()
  port = 6380;
}

export class LmDoorSettings extends DoorSettings {
  @Port()
  port = 65_432;
}

export class TcpDoorSettings extends DoorSettings {
  @Port()
  port = 7070;

  /** Who has heard nothing for this long asks whether the other side is there, and hangs up after three times as long. */
  @WholeNumber({ min: 1, max: HOUR_MS })
  heartbeat_ms = 15_000;

  /** Requests of one connection that may wait for their answers. */
  @WholeNumber({ min: 1, max: 65_536 })
  max_in_flight = 256;

  /** Files in PEM. With both, the door speaks TLS and nothing else. */
  @Text()
  tls_cert?: string;

  @Text()
  tls_key?: string;

  /** With this file in PEM, clients must show a certificate that it has signed. */
  @Text()
  tls_client_ca?: string;
}

export class NestDoorSettings extends DoorSettings {
  @Port()
  port = 7071;

  /** Of one value in JSON; larger ones belong to `doors.tcp`. */
  @ByteSize({ minBytes: 1, maxBytes: 16 * MIB })
  override max_value = 64 * 1024;
}

export class DoorsSettings {
  @Switch(() => HttpDoorSettings)
  http: HttpDoorSettings | false = new HttpDoorSettings();

  @Switch(() => RespDoorSettings)
  resp: RespDoorSettings | false = new RespDoorSettings();

  @Switch(() => TcpDoorSettings)
  tcp: TcpDoorSettings | false = new TcpDoorSettings();

  @Switch(() => NestDoorSettings)
  nest: NestDoorSettings | false = new NestDoorSettings();

  /** Default: on, unless there is a token, which this protocol cannot carry. */
  @Switch(() => LmDoorSettings)
  lm?: LmDoorSettings | false;
}
