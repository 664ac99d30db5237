import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ServerLogger } from './server-logger.js';

describe('ServerLogger', () => {
  let written: string;

  beforeEach(() => {
    written = '';
    for (const stream of [process.stdout, process.stderr]) {
      jest.spyOn(stream, 'write').mockImplementation((text) => {
        written += String(text);
        return true;
      });
    }
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  function logAll(logLevel: 'info' | 'debug'): string[] {
    const logger = new ServerLogger({ logLevel });
    logger.log('wiring', 'InstanceLoader');
    logger.log('event', 'DiskBackend');
    logger.error('thrown', 'ExceptionHandler');
    logger.error('taken', 'NestApplication');
    logger.error('failure', 'http');
    return written.match(/wiring|event|thrown|taken|failure/g) ?? [];
  }

  it('leaves out what Nest tells of its wiring, and of a start that fails by an error', () => {
    expect(logAll('info')).toEqual(['event', 'failure']);
  });

  it.each([true, false])('has colours for a terminal only: %s', (isTerminal) => {
    new ServerLogger({ logLevel: 'info' }, isTerminal).log('event', 'DiskBackend');
    expect(written.includes('\u001b[')).toBe(isTerminal);
  });

  it('shows all of it to developers', () => {
    expect(logAll('debug')).toEqual(['wiring', 'event', 'thrown', 'taken', 'failure']);
  });
});
