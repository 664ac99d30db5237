import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  BadRequestException,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Inject,
  Injectable,
  Module,
  type NestInterceptor,
  type PipeTransform,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload, RpcException, Transport } from '@nestjs/microservices';
import {
  interval,
  lastValueFrom,
  map,
  NEVER,
  type Observable,
  of,
  Subject,
  take,
  tap,
  throwError,
  toArray,
} from 'rxjs';
import { connect } from '../../src/client/index.js';
import { KvError } from '../../src/common/errors/kv-error.js';
import { CACHE_ENGINE, type CacheEngine } from '../../src/modules/engine/cache-engine.interface.js';
import { expectEventually } from '../support/eventually.js';
import { MessageServer, refusalOf } from '../support/message-server.js';

/** What the parts of the module have seen, in order. */
const seen: string[] = [];
const running$ = new Subject<void>();
let unsubscribed = 0;

class TooOdd extends Error {}
class TooWild extends Error {}

@Injectable()
class GlobalGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    seen.push(`global guard ${context.getType()}`);
    return true;
  }
}
@Injectable()
class GlobalInterceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    seen.push('global interceptor');
    return next.handle().pipe(tap({ complete: () => seen.push('global interceptor ends') }));
  }
}
@Injectable()
class GlobalPipe implements PipeTransform {
  transform(value: unknown): unknown {
    seen.push('global pipe');
    return value;
  }
}
@Catch(TooWild)
class GlobalFilter implements ExceptionFilter {
  catch(error: TooWild, host: ArgumentsHost): unknown {
    seen.push(`global filter ${host.getType()}`);
    if (host.getType() === 'rpc') return throwError(() => ({ code: 'WILD', message: error.message }));
    host
      .switchToHttp()
      .getResponse<{ code(status: number): { send(body: object): void } }>()
      .code(409)
      .send({ wild: error.message });
    return undefined;
  }
}
@Injectable()
class LocalGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    seen.push('local guard');
    return context.switchToRpc().getData<{ member?: boolean }>().member !== false;
  }
}
@Injectable()
class LocalPipe implements PipeTransform {
  transform(value: { n?: unknown }): unknown {
    seen.push('local pipe');
    if (value.n !== undefined && typeof value.n !== 'number')
      throw new BadRequestException('n must be a number');
    return value;
  }
}
@Injectable()
class LocalInterceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    seen.push('local interceptor');
    return next.handle().pipe(map((value) => ({ wrapped: value as object })));
  }
}
@Catch(TooOdd)
class LocalFilter implements ExceptionFilter {
  catch(error: TooOdd): Observable<never> {
    seen.push('local filter');
    return throwError(() => ({ code: 'ODD', message: error.message, details: { n: 3 } }));
  }
}

interface Sum {
  readonly n?: number;
}

@Controller('mine')
class MineController {
  constructor(@Inject(CACHE_ENGINE) private readonly engine: CacheEngine) {}

  @MessagePattern('mine.double')
  @UseGuards(LocalGuard)
  @UsePipes(LocalPipe)
  @UseInterceptors(LocalInterceptor)
  @UseFilters(LocalFilter)
  double(@Payload() { n = 0 }: Sum, @Ctx() context: { getPattern(): string }): object {
    if (n === 3) throw new TooOdd('three');
    if (n === 5) throw new TooWild('five');
    return { double: 2 * n, chunkTokens: this.engine.chunkTokens, pattern: context.getPattern() };
  }

  @MessagePattern({ cmd: 'sum' })
  sum(@Payload() numbers: number[]): number {
    return numbers.reduce((sum, n) => sum + n, 0);
  }

  @MessagePattern('mine.count')
  count(@Payload() n: number): Observable<number> {
    return n === 0 ? of() : interval(1).pipe(take(n));
  }

  @MessagePattern('mine.endless')
  endless(): Observable<unknown> {
    return NEVER.pipe(tap({ subscribe: () => running$.next(), unsubscribe: () => unsubscribed++ }));
  }

  @MessagePattern('mine.fail')
  fail(@Payload() { how }: { readonly how: string }): Observable<unknown> | bigint {
    if (how === 'text') throw new RpcException('not like this');
    if (how === 'object') throw new RpcException({ code: 'MINE', message: 'mine', extra: 1 });
    if (how === 'kv')
      throw new KvError('KV_MINE_BUSY', 'busy', { kind: 'unavailable', retryable: true, remedy: 'wait' });
    if (how === 'http') throw new BadRequestException(['a', 'b']);
    if (how === 'late') return throwError(() => new Error('the password is hush'));
    if (how === 'bigint') return 7n;
    throw new Error('the password is hush');
  }

  @MessagePattern('mine.stock', Transport.TCP)
  stock(): string {
    return 'stock';
  }

  @EventPattern('mine.note')
  note(@Payload() { text }: { readonly text: string }): void {
    seen.push(`note ${text}`);
  }

  @Get('wild')
  wild(): never {
    throw new TooWild('over HTTP');
  }
}

@Module({
  controllers: [MineController],
  providers: [
    { provide: APP_GUARD, useClass: GlobalGuard },
    { provide: APP_INTERCEPTOR, useClass: GlobalInterceptor },
    { provide: APP_PIPE, useClass: GlobalPipe },
    { provide: APP_FILTER, useClass: GlobalFilter },
  ],
})
class MineModule {}

type Send = (pattern: string | object, data: unknown) => Observable<unknown>;

let server: MessageServer;
let sends: Readonly<Record<string, { readonly send: Send; readonly close: () => Promise<unknown> }>>;

beforeAll(async () => {
  server = await MessageServer.start({ modules: [MineModule] });
  const stock = server.client();
  const tcp = await connect(`kvnest://${server.address('tcp')}`);
  sends = {
    stock: {
      send: (pattern, data) => stock.send(pattern, data),
      close: () => Promise.resolve(stock.close()),
    },
    tcp: { send: (pattern, data) => tcp.send(pattern as string, data), close: () => tcp.close() },
  };
});
afterAll(async () => {
  await Promise.all(Object.values(sends).map(({ close }) => close()));
  await server.close();
});
beforeEach(() => {
  seen.length = 0;
});

describe.each(['stock', 'tcp'])('a module of a user over the %s door', (door) => {
  const send: Send = (pattern, data) => sends[door]!.send(pattern, data);
  const ask = (pattern: string | object, data: unknown): Promise<unknown> =>
    lastValueFrom(send(pattern, data));

  it('answers, with guards, pipes and interceptors of its own and of the application', async () => {
    expect(await ask('mine.double', { n: 2 })).toEqual({
      wrapped: { double: 4, chunkTokens: 4, pattern: 'mine.double' },
    });
    // Nest asks pipes about each parameter, the context among them.
    expect([...new Set(seen)]).toEqual([
      'global guard rpc',
      'local guard',
      'global interceptor',
      'local interceptor',
      'global pipe',
      'local pipe',
      'global interceptor ends',
    ]);
  });

  it('refuses by a guard and by a pipe', async () => {
    expect(await refusalOf(ask('mine.double', { member: false }))).toMatchObject({
      code: 'KV_NEST_REFUSED',
      message: 'Forbidden resource',
    });
    expect(await refusalOf(ask('mine.double', { n: 'two' }))).toMatchObject({
      code: 'KV_NEST_REFUSED',
      message: 'n must be a number',
      details: { status: 400 },
    });
  });

  it('has filters of its own and of the application for its errors', async () => {
    expect(await refusalOf(ask('mine.double', { n: 3 }))).toMatchObject({
      code: 'ODD',
      message: 'three',
      details: { n: 3 },
    });
    expect(await refusalOf(ask('mine.double', { n: 5 }))).toMatchObject({ code: 'WILD', message: 'five' });
    expect(seen).toEqual(expect.arrayContaining(['local filter', 'global filter rpc']));
  });

  it.each([
    ['text', { code: 'KV_NEST_REFUSED', message: 'not like this' }],
    ['object', { code: 'MINE', message: 'mine' }],
    ['kv', { code: 'KV_MINE_BUSY', message: 'busy', remedy: 'wait', retryable: true }],
    ['http', { code: 'KV_NEST_REFUSED', details: { response: { message: ['a', 'b'] } } }],
    ['error', { code: 'KV_INTERNAL' }],
    ['late', { code: 'KV_INTERNAL' }],
    ['bigint', { code: 'KV_INTERNAL' }],
  ])('fails in a form that its clients know: %s', async (how, expected) => {
    const refusal = await refusalOf(ask('mine.fail', { how }));
    expect(refusal).toMatchObject(expected);
    expect(JSON.stringify(refusal)).not.toContain('hush');
    expect(await ask({ cmd: 'sum' }, [1])).toBe(1);
  });

  it('answers patterns that are objects, and with streams', async () => {
    expect(await ask({ cmd: 'sum' }, [1, 2, 3])).toBe(6);
    expect(await lastValueFrom(send('mine.count', 5).pipe(toArray()))).toEqual([0, 1, 2, 3, 4]);
    expect(await lastValueFrom(send('mine.count', 0).pipe(toArray()))).toEqual([]);
  });

  it('is called for the patterns of the server, too: what is global holds for them', async () => {
    expect(await ask('kv.exists', { keys: ['a'] })).toEqual({ tiers: [null] });
    expect(seen).toEqual(expect.arrayContaining(['global guard rpc', 'global interceptor', 'global pipe']));
  });
});

it('a handler that is for Transport.TCP is not for the TCP door', async () => {
  expect(await lastValueFrom(sends['stock']!.send('mine.stock', {}))).toBe('stock');
  expect(await refusalOf(lastValueFrom(sends['tcp']!.send('mine.stock', {})))).toMatchObject({
    code: 'KV_TCP_PATTERN',
  });
});

it('events reach a handler over the stock door', async () => {
  const client = server.client();
  await lastValueFrom(client.emit('mine.note', { text: 'hello' }), { defaultValue: undefined });
  await expectEventually(() => seen.includes('note hello'));
});

it('a stream ends when its subscriber over TCP has enough, and when a stock client hangs up', async () => {
  const stockClient = server.client();
  const before = unsubscribed;
  let subscribed = 0;
  const counting = running$.subscribe(() => subscribed++);
  const tcpSubscription = sends['tcp']!.send('mine.endless', {}).subscribe();
  stockClient.send('mine.endless', {}).subscribe({ error: () => undefined });
  await expectEventually(() => subscribed === 2);
  counting.unsubscribe();
  tcpSubscription.unsubscribe();
  await expectEventually(() => unsubscribed === before + 1);
  void stockClient.close();
  await expectEventually(() => unsubscribed === before + 2);
});

it('filters of a module come before those of the server over HTTP, too', async () => {
  const response = await fetch(`http://${server.address('http')}/mine/wild`);
  expect([response.status, await response.json()]).toEqual([409, { wild: 'over HTTP' }]);
  expect(seen).toEqual(['global guard http', 'global interceptor', 'global filter http']);
});
