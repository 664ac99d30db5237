import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type DynamicModule,
  type INestApplicationContext,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { filter, firstValueFrom, Subject } from 'rxjs';
import { AppModule } from '../../src/app.module.js';
import { type DoorLimits, type KvnestConfig } from '../../src/config/kvnest-config.interface.js';
import { startServer } from '../../src/main.js';
import { createHttpApp } from '../../src/modules/doors/http/create-http-app.js';
import {
  type PluginEvent,
  PLUGIN_EVENTS,
  type PluginEvents,
} from '../../src/plugins/plugin-event.interface.js';
import { PLUGIN_OVERVIEW, type PluginOverview } from '../../src/plugins/plugin-status.interface.js';
import { testConfig } from '../support/engine.js';
import { expectEventually } from '../support/eventually.js';
import { isAlive } from '../support/plugin-world.js';

const MIB = 2 ** 20;
const HTTP: DoorLimits = {
  host: '127.0.0.1',
  port: 0,
  maxValueBytes: MIB,
  maxConnections: 16,
  bodyTimeoutMs: 1000,
};

describe('plugin scripts and the hooks of Nest', () => {
  let folder: string;
  let app: INestApplicationContext | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvnest-plugins-nest-'));
  });

  afterEach(async () => {
    await app?.close();
    app = undefined;
    await rm(folder, { recursive: true });
  });

  const told = (): string => join(folder, 'told');

  /** With one plugin, which writes down where the HTTP door is, and goes on until it is told to end. */
  async function configWith(http: DoorLimits | false): Promise<KvnestConfig> {
    const file = join(folder, 'p.sh');
    const program = `trap 'exit 0' TERM\necho "\${KVNEST_HTTP_URL-none}" > ${told()}\nwhile :; do sleep 0.02; done\n`;
    await writeFile(file, program);
    const config = testConfig({
      tiers: [{ name: 'memory', type: 'memory', capacityBytes: MIB, policy: 'LRU', options: {} }],
      doors: { ...testConfig().doors, http, resp: { ...HTTP } },
    });
    return { ...config, plugins: { ...config.plugins, locations: [file] } };
  }

  const statusOf = (of: INestApplicationContext): ReturnType<PluginOverview['status']> =>
    of.get<PluginOverview>(PLUGIN_OVERVIEW).status();

  it('start in an application of others when its server listens, and end with it, however often it is closed', async () => {
    const config = await configWith(HTTP);
    @Module({ imports: [AppModule.forRoot(config)] })
    class TheirModule {}
    const theirs = await createHttpApp(TheirModule, config, { logger: false });
    app = theirs;
    await theirs.init();
    expect(statusOf(theirs)).toMatchObject([{ state: 'stopped' }]);
    await theirs.listen(0, '127.0.0.1');
    const url = (await theirs.getUrl()).replace('localhost', '127.0.0.1');
    await expectEventually(async () => (await readFile(told(), 'utf8').catch(() => '')) === `${url}\n`);
    const pid = statusOf(theirs)[0]?.pid ?? 0;
    await Promise.all([theirs.close(), theirs.close()]);
    await theirs.close();
    expect(await isAlive(pid)).toBe(false);
    expect(statusOf(theirs)).toMatchObject([{ state: 'stopped', restarts: 0, lastExit: { code: 0 } }]);
  });

  it('start in one without an HTTP server when its hooks have returned', async () => {
    const config = await configWith(false);
    @Module({ imports: [AppModule.forRoot(config)] })
    class TheirModule {}
    app = await NestFactory.createApplicationContext(TheirModule, { logger: false });
    await expectEventually(async () => (await readFile(told(), 'utf8').catch(() => '')) === 'none\n');
  });

  it('do not start in a server that does not', async () => {
    const config = await configWith(HTTP);
    for (const module of [failing(), undefined]) {
      // Without such a module the address is wrong: every hook has returned then.
      const http = module === undefined ? { ...HTTP, host: '203.0.113.1' } : HTTP;
      const modules = module === undefined ? [] : [module];
      const failure = startServer({ ...config, doors: { ...config.doors, http } }, { modules });
      await expect(failure).rejects.toThrow(/no thanks|203\.0\.113\.1/);
    }
    expect(existsSync(told())).toBe(false);
  });

  it('are told to end before other modules, which may wait for it, and end although hooks of theirs throw', async () => {
    const config = await configWith(false);
    const seen = new Subject<PluginEvent>();
    const server = await startServer(config, { modules: [waiting(seen)] });
    const events = server.get<PluginEvents>(PLUGIN_EVENTS);
    events.subscribe(seen);
    await expectEventually(() => existsSync(told()));
    const pid = statusOf(server)[0]?.pid ?? 0;
    await server.close();
    expect(await isAlive(pid)).toBe(false);
    await expect(firstValueFrom(events, { defaultValue: 'complete' })).resolves.toBe('complete');
  });
});

/** A module that does not start. */
function failing(): DynamicModule {
  @Module({})
  class FailingModule implements OnApplicationBootstrap {
    onApplicationBootstrap(): void {
      throw new Error('no thanks');
    }
  }
  return { module: FailingModule };
}

/** A module that ends, badly, when a plugin has. */
function waiting(seen: Subject<PluginEvent>): DynamicModule {
  @Module({})
  class WaitingModule implements OnModuleDestroy {
    async onModuleDestroy(): Promise<void> {
      await firstValueFrom(seen.pipe(filter(({ type }) => type === 'stopped')));
      throw new Error('that was all');
    }
  }
  return { module: WaitingModule };
}
