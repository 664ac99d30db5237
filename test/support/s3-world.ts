import { type ConnectorWorld, inConnectorWorld } from '../contracts/connector/connector-world.js';
import { connectorFromUrl } from './connector-from-url.js';

export interface S3WorldOptions {
  readonly url: string;
  /** Of the tier. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Default: true. */
  readonly connect?: boolean;
}

/** Runs a test on a connector of its own; what it took of the arena must be free again afterwards. */
export function inS3World(
  { url, options, connect = true }: S3WorldOptions,
  test: (world: ConnectorWorld) => Promise<void>,
): Promise<void> {
  const capabilities = {
    persistent: true,
    shared: true,
    retains: true,
    batch: false,
    list: true,
    remove: true,
    ttl: false,
    metadata: 'any',
    checksum: true,
  } as const;
  const create = (context: Parameters<typeof connectorFromUrl>[1]): ReturnType<typeof connectorFromUrl> =>
    connectorFromUrl(url, context, { options });
  return inConnectorWorld({ capabilities, create }, test, { connect });
}
