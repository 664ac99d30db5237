import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { transformSync } from '@swc/core';
import { getDoorToken } from '../../src/modules/doors/doors.tokens.js';
import { type MessageDoor } from '../../src/modules/doors/message-door.interface.js';
import { type NestDoorServer } from '../../src/modules/doors/nest/nest-door-server.js';
import { MessageServer } from '../support/message-server.js';

const ROOT = resolve(import.meta.dirname, '../..');
const DECORATORS = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    target: 'es2022',
  },
  module: { type: 'es6' },
} as const;

describe('docs/nest.md', () => {
  let server: MessageServer;
  let page: string;

  beforeAll(async () => {
    page = await readFile(join(ROOT, 'docs/nest.md'), 'utf8');
    server = await MessageServer.start();
  });
  afterAll(() => server.close());

  it('has every pattern of the server, and no other', () => {
    const [, table = ''] = /## Patterns\n+([\s\S]*?)\n\n[^|]/.exec(page) ?? [];
    const firstCells = table.split('\n').map((row) => row.split('|')[1] ?? '');
    const patterns = firstCells.flatMap((cell) =>
      Array.from(cell.matchAll(/`(kv\.[\w.]+)`/g), ([, name]) => name),
    );
    const { strategy } = server.app.get<MessageDoor>(getDoorToken('nest'));
    const answered = [...(strategy as NestDoorServer).getHandlers().keys()];
    expect(patterns.sort()).toEqual(answered.sort());
  });

  it('has a client that works as it stands', async () => {
    const [, client = ''] = /## A client\n+```ts\n([\s\S]*?)```/.exec(page) ?? [];
    const use = `
      import { NestFactory } from '@nestjs/core';
      const app = await NestFactory.createApplicationContext(PromptCacheModule, { logger: ['error'] });
      const cache = app.get(PromptCache);
      const seen = [
        await cache.cachedTokens('m', [1, 2, 3, 4]),
        await cache.read('greeting'),
        await cache.write('greeting', 'hello'),
        await cache.read('greeting'),
      ];
      await app.close();
      console.log(JSON.stringify(seen));
    `;
    const source = (client + use).replace('7071', String(server.port('nest')));
    // Beside the packages that it imports.
    const folder = await mkdtemp(join(ROOT, 'node_modules/.kvnest-docs-'));
    try {
      const file = join(folder, 'client.mjs');
      await writeFile(file, transformSync(`import 'reflect-metadata';\n${source}`, DECORATORS).code);
      const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 30_000 });
      expect(JSON.parse(stdout)).toEqual([0, null, true, 'hello']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
