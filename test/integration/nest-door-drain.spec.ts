import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom, NEVER, type Observable, Subject, toArray } from 'rxjs';
import { connect } from '../../src/client/index.js';
import { expectEventually } from '../support/eventually.js';
import { ask, MessageServer, refusalOf } from '../support/message-server.js';
import { NestRawClient } from '../support/nest-raw-client.js';

/** Where handlers wait until the test lets them go on. */
let held: { readonly name: string; readonly release$: Subject<string> }[] = [];

@Controller()
class HoldController {
  @MessagePattern('hold')
  hold(@Payload() name: string): Observable<string> {
    const release$ = new Subject<string>();
    held.push({ name, release$ });
    return release$;
  }

  @MessagePattern('endless')
  endless(): Observable<never> {
    held.push({ name: 'endless', release$: new Subject() });
    return NEVER;
  }
}

@Module({ controllers: [HoldController] })
class HoldModule {}

let server: MessageServer;

async function start(drainTimeoutMs: number): Promise<void> {
  held = [];
  server = await MessageServer.start({
    config: { drainTimeoutMs },
    modules: [HoldModule],
  });
}

afterEach(() => server.close());

function release(name: string, value: string): void {
  for (const one of held.filter((waiting) => waiting.name === name)) {
    one.release$.next(value);
    one.release$.complete();
  }
}

describe('a shutdown', () => {
  it('answers what is in flight at the stock door, and what comes meanwhile, and then hangs up', async () => {
    await start(20_000);
    const client = server.client();
    using raw = await NestRawClient.open(server.port('nest'));
    const port = server.port('nest');
    const waiting = ask(client, 'hold', 'a');
    await expectEventually(() => held.length === 1);
    const closed = server.app.close();
    await expectEventually(async () => {
      using late = await NestRawClient.open(port).catch(() => undefined);
      return late === undefined;
    });
    expect(await ask(client, 'kv.exists', { keys: ['a'] })).toEqual({ tiers: [null] });
    expect(await ask(client, 'kv.put', { items: [{ key: 'a', value: '' }] })).toEqual({
      results: [{ stored: false, reason: 'draining' }],
    });
    expect(raw.closed).toBe(false);
    release('a', 'x'.repeat(1_000_000));
    expect(await waiting).toBe('x'.repeat(1_000_000));
    await closed;
    await expectEventually(() => raw.closed);
  });

  it('ends streams of events, at both doors, and waits for no one who only listens', async () => {
    await start(20_000);
    const stock = server.client();
    const tcp = await connect(`kvnest://${server.address('tcp')}`);
    const streams = [stock.send('kv.events', {}), tcp.send('kv.events', {})];
    const told = streams.map((events$) => lastValueFrom(events$.pipe(toArray())));
    await ask(stock, 'kv.exists', { keys: ['a'] });
    await firstValueFrom(tcp.send('kv.exists', { keys: ['a'] }));
    await server.app.close();
    expect(await Promise.all(told)).toEqual([[], []]);
    await tcp.close();
  });

  it('cuts what does not end in time, at both doors', async () => {
    await start(400);
    const stock = server.client();
    const tcp = await connect(`kvnest://${server.address('tcp')}`);
    const cut = [refusalOf(ask(stock, 'endless', {})), refusalOf(firstValueFrom(tcp.send('endless', {})))];
    await expectEventually(() => held.length === 2);
    await server.app.close();
    expect(await Promise.all(cut)).toMatchObject([
      { message: 'Connection closed' },
      { code: expect.stringMatching(/^KV_/) },
    ]);
    await tcp.close();
  });
});
