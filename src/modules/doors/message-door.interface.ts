import { type CustomTransportStrategy } from '@nestjs/microservices';

/**
 * A door whose messages go to handlers of Nest (`@MessagePattern`): main.ts connects its strategy to the application. It listens
 * when its module starts, as other doors do, and drains in the hooks of its module; what Nest asks of the strategy is done by
 * then.
 */
export interface MessageDoor {
  readonly strategy: CustomTransportStrategy;
}
