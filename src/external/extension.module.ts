import { type DynamicModule, Logger, Module, type Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { type Arena } from '../arena/arena.interface.js';
import { type ArenaSpace } from '../arena/arena-space.interface.js';
import { ARENA, ARENA_SPACE } from '../arena/arena.tokens.js';
import {
  type AdmissionPolicyLookup,
  type EvictionPolicyLookup,
} from '../backends/backend-definition.interface.js';
import { ADMISSION_POLICIES, EVICTION_POLICIES } from '../backends/backends.tokens.js';
import { type Clock } from '../common/clock.js';
import { CLOCK } from '../common/common.tokens.js';
import { KVNEST_CONFIG, type KvnestConfig } from '../config/kvnest-config.interface.js';
import { type ExtensionServices } from './extension-context.interface.js';
import { type ExtensionRecipe, making, makingNow } from './extension-recipe.js';
import { EXTENSION_LOGGER, EXTENSION_OPTIONS, EXTENSION_TARGET } from './extension.tokens.js';
import { prepareModule } from './prepare-module.js';

const SERVICES = [ARENA, ARENA_SPACE, CLOCK, KVNEST_CONFIG, EVICTION_POLICIES, ADMISSION_POLICIES];

type Services = [Arena, ArenaSpace, Clock, KvnestConfig, EvictionPolicyLookup, AdmissionPolicyLookup];

type Make = (services: ExtensionServices, moduleRef: ModuleRef) => unknown;

/** Provides one extension under its token, made by Nest with everything that an extension may inject. */
@Module({})
export class ExtensionModule {
  static register<T>(recipe: ExtensionRecipe<T>): DynamicModule {
    const { tier, target, loaded, find } = recipe;
    const { kind, value } = loaded.value;
    switch (kind) {
      case 'class':
        return ofClass(recipe, (services) => new value({ ...target, name: tier, ...services }));
      case 'injectable':
        return ofClass(recipe, (_, moduleRef) => moduleRef.create(value));
      case 'registrar':
        return ofModule(
          recipe,
          makingNow(recipe, () => value.register(target, find)),
        );
      case 'module':
        return ofModule(recipe, value);
    }
  }
}

/** Holds the module of a user, and hands its extension on under another token: no provider may inject itself. */
@Module({})
class UserModule {}

function ofClass<T>(recipe: ExtensionRecipe<T>, make: Make): DynamicModule {
  const provider = {
    provide: recipe.token,
    inject: [ModuleRef, ...SERVICES],
    useFactory: async (moduleRef: ModuleRef, ...injected: Services) => {
      const services = servicesOf(recipe, injected);
      return recipe.finish(await making(recipe, () => make(services, moduleRef)), services);
    },
  };
  return {
    module: ExtensionModule,
    providers: [...contextProviders(recipe), provider],
    exports: [recipe.token],
  };
}

function ofModule<T>(
  recipe: ExtensionRecipe<T>,
  module: DynamicModule | Promise<DynamicModule>,
): DynamicModule {
  const { token } = recipe;
  const made = `${token}:made`;
  const user = {
    module: UserModule,
    imports: [prepareModule(recipe, module, contextProviders(recipe))],
    providers: [{ provide: made, inject: [token], useFactory: (instance: unknown) => instance }],
    exports: [made],
  };
  const provider = {
    provide: token,
    inject: [made, ...SERVICES],
    useFactory: (instance: unknown, ...injected: Services) =>
      recipe.finish(instance, servicesOf(recipe, injected)),
  };
  return { module: ExtensionModule, imports: [user], providers: [provider], exports: [token] };
}

function contextProviders(recipe: ExtensionRecipe<unknown>): readonly Provider[] {
  return [
    { provide: EXTENSION_OPTIONS, useValue: recipe.target.options },
    { provide: EXTENSION_TARGET, useValue: recipe.target },
    { provide: EXTENSION_LOGGER, useFactory: () => loggerOf(recipe) },
  ];
}

function servicesOf(
  recipe: ExtensionRecipe<unknown>,
  [arena, space, clock, config, findPolicy, findAdmission]: Services,
): ExtensionServices {
  return { arena, space, clock, config, findPolicy, findAdmission, logger: loggerOf(recipe) };
}

function loggerOf({ loaded, tier }: ExtensionRecipe<unknown>): Logger {
  const { name } = loaded.external;
  return new Logger(name === tier ? name : `${name}:${tier}`);
}
