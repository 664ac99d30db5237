import { type DynamicModule, type FactoryProvider, type ModuleMetadata } from '@nestjs/common';
import { connect } from '../connect.js';
import { type ConnectOptions, type KvnestClient } from '../kvnest-client.interface.js';
import { KVNEST_CLIENT, KVNEST_CLIENT_PROXY } from './client.tokens.js';
import { type KvnestClientProxy } from './kvnest-client-proxy.js';

/** The URL, and what `connect` takes. */
export interface KvnestClientModuleOptions extends ConnectOptions {
  readonly url: string;
}

export interface KvnestClientModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (...args: never[]) => KvnestClientModuleOptions | Promise<KvnestClientModuleOptions>;
  /** Every module may inject the client. Default false. */
  readonly isGlobal?: boolean;
}

const OPTIONS = Symbol.for('kvnest:ClientOptions');
const LIFE = Symbol.for('kvnest:ClientLife');

/**
 * A cache in a Nest application: `@Inject(KVNEST_CLIENT) cache: KvnestClient` and `@Inject(KVNEST_CLIENT_PROXY) proxy: ClientProxy`.
 * The application starts when a server has answered, unless `onUnavailable` is `miss`, and the client ends with it.
 */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- Nest names modules by classes; its decorator would load it
export class KvnestClientModule {
  static register({
    isGlobal = false,
    ...options
  }: KvnestClientModuleOptions & { readonly isGlobal?: boolean }): DynamicModule {
    return KvnestClientModule.registerAsync({ useFactory: () => options, isGlobal });
  }

  static registerAsync({
    imports = [],
    inject = [],
    useFactory,
    isGlobal = false,
  }: KvnestClientModuleAsyncOptions): DynamicModule {
    return {
      module: KvnestClientModule,
      global: isGlobal,
      imports,
      providers: [
        { provide: OPTIONS, inject, useFactory: useFactory as FactoryProvider['useFactory'] },
        {
          provide: KVNEST_CLIENT,
          inject: [OPTIONS],
          useFactory: ({ url, ...options }: KvnestClientModuleOptions) => connect(url, options),
        },
        { provide: KVNEST_CLIENT_PROXY, inject: [KVNEST_CLIENT], useFactory: makeProxy },
        {
          provide: LIFE,
          inject: [KVNEST_CLIENT],
          useFactory: (client: KvnestClient) => ({ onApplicationShutdown: () => client.close() }),
        },
      ],
      exports: [KVNEST_CLIENT, KVNEST_CLIENT_PROXY],
    };
  }
}

async function makeProxy(client: KvnestClient): Promise<KvnestClientProxy> {
  const Proxy = await loadKvnestClientProxy();
  return new Proxy({ client });
}

/** The class, for `customClass` of Nest's `ClientsModule`. Loads `@nestjs/microservices`, which `kvnest/client` does not. */
export async function loadKvnestClientProxy(): Promise<typeof KvnestClientProxy> {
  const { KvnestClientProxy: Proxy } = await import('./kvnest-client-proxy.js');
  return Proxy;
}
