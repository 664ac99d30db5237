import { Counter, Gauge, type Registry } from 'prom-client';
import { type MetricDefinition } from './engine-metrics.js';

/**
 * Registers metrics whose values are read from `source` at each scrape, and cost nothing in between.
 *
 * @returns reads the source once and sets every value.
 */
export function registerScraped<T>(
  registry: Registry,
  definitions: readonly MetricDefinition<T>[],
  source: () => T,
): () => void {
  const metrics = definitions.map((definition) => {
    const { name, help, labels } = definition;
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    return { definition, metric: definition.type === 'gauge' ? new Gauge(options) : new Counter(options) };
  });
  return () => {
    const state = source();
    for (const { definition, metric } of metrics) {
      metric.reset();
      for (const { labels, value } of definition.read(state)) metric.inc(labels, value);
    }
  };
}
