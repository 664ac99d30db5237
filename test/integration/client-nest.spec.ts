import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxy, ClientsModule, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { firstValueFrom, from, lastValueFrom, type Observable, toArray } from 'rxjs';
import {
  type KvnestClient,
  KVNEST_CLIENT,
  KVNEST_CLIENT_PROXY,
  KvnestClientModule,
  loadKvnestClientProxy,
} from '../../src/client/index.js';
import { expectEventually } from '../support/eventually.js';
import { MessageServer } from '../support/message-server.js';

const heard: unknown[] = [];

/** What a user's module in the server may answer. */
@Controller()
class GreetingsController {
  @MessagePattern({ cmd: 'greet' })
  greet(@Payload() { name }: { name: string }): string {
    return `hello ${name}`;
  }

  @MessagePattern('count')
  count(@Payload() { to }: { to: number }): Observable<number> {
    return from(Array.from({ length: to }, (_, i) => i));
  }

  @EventPattern('heard')
  hear(@Payload() data: unknown): void {
    heard.push(data);
  }
}

@Module({ controllers: [GreetingsController] })
class GreetingsModule {}

@Injectable()
class Service {
  constructor(
    @Inject(KVNEST_CLIENT) readonly cache: KvnestClient,
    @Inject(KVNEST_CLIENT_PROXY) readonly proxy: ClientProxy,
  ) {}
}

describe('KvnestClientModule', () => {
  let server: MessageServer;
  let url: string;

  beforeAll(async () => {
    server = await MessageServer.start({ modules: [GreetingsModule] });
    url = `kvnest://127.0.0.1:${server.port('tcp')}`;
  });

  afterAll(() => server.close());

  function connections(): number {
    return server.door('tcp').connections;
  }

  async function withApp<T>(
    imports: Parameters<typeof Module>[0]['imports'],
    run: (service: Service) => Promise<T>,
  ): Promise<T> {
    @Module({ imports: imports ?? [], providers: [Service] })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, {
      logger: ['fatal'],
      abortOnError: false,
    });
    try {
      return await run(app.get(Service));
    } finally {
      await app.close();
    }
  }

  it('gives a client and a proxy, and ends both with the application', async () => {
    await withApp([KvnestClientModule.register({ url })], async ({ cache, proxy }) => {
      await cache.put('key', Buffer.from('abc'));
      expect(await cache.get('key')).toEqual(Buffer.from('abc'));
      expect(proxy).toBeInstanceOf(ClientProxy);
      expect(await firstValueFrom(proxy.send('kv.exists', { keys: ['key'] }))).toEqual({ tiers: ['memory'] });
      expect(connections()).toBeGreaterThan(0);
    });
    await expectEventually(() => connections() === 0);
  });

  it('takes its options from a factory of the application', async () => {
    @Module({ providers: [{ provide: 'url', useValue: url }], exports: ['url'] })
    class SettingsModule {}
    const imported = KvnestClientModule.registerAsync({
      imports: [SettingsModule],
      inject: ['url'],
      useFactory: (where: string) => ({ url: where, namespace: 3 }),
      isGlobal: true,
    });
    await withApp([imported], async ({ cache }) => {
      await cache.put('key', Buffer.from('three'));
      expect(await cache.exists(['key'], { namespace: 3 })).toEqual([true]);
    });
  });

  it('does not start without a server, unless an outage is to be a miss', async () => {
    const nowhere = 'kvnest://127.0.0.1:1';
    const start = withApp([KvnestClientModule.register({ url: nowhere })], () => Promise.resolve());
    await expect(start).rejects.toMatchObject({ code: 'KV_CLIENT_UNAVAILABLE' });
    const tolerant = KvnestClientModule.register({ url: nowhere, onUnavailable: 'miss' });
    await withApp([tolerant], async ({ cache }) => {
      expect(await cache.get('key')).toBeUndefined();
    });
  });

  it('the proxy sends messages of any module, streams and events', async () => {
    await withApp([KvnestClientModule.register({ url })], async ({ proxy }) => {
      expect(await firstValueFrom(proxy.send({ cmd: 'greet' }, { name: 'you' }))).toBe('hello you');
      expect(await lastValueFrom(proxy.send('count', { to: 3 }).pipe(toArray()))).toEqual([0, 1, 2]);
      expect(await lastValueFrom(proxy.send('count', { to: 0 }).pipe(toArray()))).toEqual([]);
      await expect(firstValueFrom(proxy.send('nobody', {}))).rejects.toMatchObject({
        code: 'KV_TCP_PATTERN',
      });
      await lastValueFrom(proxy.emit('heard', { what: 'a sound' }), { defaultValue: undefined });
      expect(heard).toEqual([{ what: 'a sound' }]);
    });
  });

  it('a proxy that is closed leaves the client that it was given', async () => {
    await withApp([KvnestClientModule.register({ url })], async ({ cache, proxy }) => {
      await proxy.connect();
      await proxy.close();
      expect(await cache.exists(['absent'])).toEqual([false]);
    });
  });

  it('a proxy that did not reach its server can try again', async () => {
    const KvnestClientProxy = await loadKvnestClientProxy();
    const options = { url: 'kvnest://127.0.0.1:1' };
    const proxy = new KvnestClientProxy(options);
    await expect(proxy.connect()).rejects.toMatchObject({ code: 'KV_CLIENT_UNAVAILABLE' });
    options.url = url;
    expect(await firstValueFrom(proxy.send('count', { to: 1 }))).toBe(0);
    await proxy.close();
  });

  it('the proxy serves Nest’s own ClientsModule', async () => {
    const customClass = await loadKvnestClientProxy();
    @Module({ imports: [ClientsModule.register([{ name: 'CACHE', customClass, options: { url } }])] })
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, {
      logger: ['fatal'],
      abortOnError: false,
    });
    const proxy = app.get<ClientProxy>('CACHE', { strict: false });
    expect(await firstValueFrom(proxy.send('count', { to: 1 }))).toBe(0);
    await app.close();
    await expectEventually(() => connections() === 0);
  });
});
