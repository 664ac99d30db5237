import { type ConnectorLogger } from '../../connectors/connector-definition.interface.js';

/** Where the few lines of a tier go; Nest's loggers fit. */
export type RemoteLogger = Pick<ConnectorLogger, 'log' | 'warn'>;
