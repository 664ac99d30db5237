import { expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { ConfigService } from '@nestjs/config';
import { KVNEST_CONFIG } from './kvnest-config.interface.js';
import { KvnestConfigModule } from './kvnest-config.module.js';
import { loadConfig } from './load-config.js';

it('gives the frozen object under its token and by path', async () => {
  const { config } = loadConfig({ argv: [], env: {} });
  const app = await NestFactory.createApplicationContext(KvnestConfigModule.forRoot(config), {
    logger: false,
  });
  expect(app.get(KVNEST_CONFIG)).toBe(config);
  expect(app.get(ConfigService).get('kvnest.doors.http.port')).toBe(8080);
  expect(app.get(ConfigService).get('PATH')).toBeUndefined();
  await app.close();
});
