import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import { Gauge, Histogram, Registry } from 'prom-client';
import { PACKAGE_VERSION } from '../../common/package-version.js';
import { DOOR_REGISTRY, type DoorRegistry } from '../doors/door-registry.js';
import { httpRequestChannel, type HttpRequestMessage } from '../../common/tracing/http-request.channel.js';
import { CACHE_ENGINE, type CacheEngine } from '../engine/cache-engine.interface.js';
import { DOOR_METRICS, ENGINE_METRICS } from './engine-metrics.js';
import { PLUGIN_OVERVIEW, type PluginOverview } from '../../plugins/plugin-status.interface.js';
import { PLUGIN_METRICS } from './plugin-metrics.js';
import { RemoteMetrics } from './remote-metrics.js';
import { registerScraped } from './scrape.js';

const REQUEST_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** The metrics of this server in Prometheus's format. */
@Injectable()
export class MetricsService implements OnModuleInit, OnApplicationShutdown {
  readonly #registry = new Registry();
  readonly #scrapes: readonly (() => void)[];
  readonly #requestSeconds: Histogram<'method' | 'route' | 'status'>;
  readonly #remote: RemoteMetrics;

  constructor(
    @Inject(CACHE_ENGINE) engine: CacheEngine,
    @Inject(DOOR_REGISTRY) doors: DoorRegistry,
    @Optional() @Inject(PLUGIN_OVERVIEW) plugins?: PluginOverview,
  ) {
    const registers = [this.#registry];
    new Gauge({ name: 'kvnest_info', help: 'Version', labelNames: ['version'], registers }).set(
      { version: PACKAGE_VERSION },
      1,
    );
    const process = new Gauge({ name: 'kvnest_process_resident_bytes', help: 'Resident memory', registers });
    this.#requestSeconds = new Histogram({
      name: 'kvnest_http_request_seconds',
      help: 'Time from the headers of a request to the end of its reply',
      labelNames: ['method', 'route', 'status'],
      buckets: REQUEST_BUCKETS,
      registers,
    });
    this.#remote = new RemoteMetrics(this.#registry);
    this.#scrapes = [
      registerScraped(this.#registry, ENGINE_METRICS, () => engine.status()),
      registerScraped(this.#registry, DOOR_METRICS, () => doors.status()),
      registerScraped(this.#registry, PLUGIN_METRICS, () => plugins?.status() ?? []),
      () => process.set(globalThis.process.memoryUsage.rss()),
    ];
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  onModuleInit(): void {
    subscribe(httpRequestChannel.name, this.#onRequest);
    this.#remote.start();
  }

  onApplicationShutdown(): void {
    unsubscribe(httpRequestChannel.name, this.#onRequest);
    this.#remote.stop();
  }

  /** Reads everything anew. */
  scrape(): Promise<string> {
    for (const read of this.#scrapes) read();
    return this.#registry.metrics();
  }

  readonly #onRequest = (message: unknown): void => {
    const { method, route, status, seconds } = message as HttpRequestMessage;
    this.#requestSeconds.observe({ method, route, status }, seconds);
  };
}
