export { WebDavConnector } from './web-dav.connector.js';
