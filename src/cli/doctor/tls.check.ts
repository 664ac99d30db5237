import { isKvError } from '../../common/errors/kv-error.js';
import { loadTls } from '../../modules/doors/tls-files.js';
import { type Check, fail, ok } from './diagnosis.interface.js';

/** Whether the files of the TCP door's TLS can be read, and fit. */
export const checkTls: Check = ({ doors: { tcp } }) => {
  if (tcp === false || tcp.tls === undefined) return [];
  try {
    loadTls(tcp);
    return [ok('door tcp: TLS, its certificate and key fit')];
  } catch (error) {
    if (!isKvError(error)) throw error;
    return [fail(`door tcp: ${error.message}`, error.remedy ?? '')];
  }
};
