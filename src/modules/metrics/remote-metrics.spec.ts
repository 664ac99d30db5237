import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { ScriptedConnector } from '../../../test/support/scripted.connector.js';
import { remoteCallChannel } from '../../common/tracing/remote-call.channel.js';
import { remoteTimeout } from '../../connectors/connector-errors.js';
import { type RemoteConnector } from '../../connectors/remote-connector.interface.js';
import { CircuitBreakerLayer } from '../../layers/circuit-breaker.layer.js';
import { layeredConnector } from '../../layers/layered-connector.js';
import { MetricsLayer } from '../../layers/metrics.layer.js';
import { ChunkKey } from '../../protocols/chunk-key/chunk-key.js';
import { RemoteMetrics } from './remote-metrics.js';

const KEY = ChunkKey.of('key');
const store = 'test://store';

describe('RemoteMetrics', () => {
  let registry: Registry;
  let metrics: RemoteMetrics;
  let target: ScriptedConnector;
  let connector: RemoteConnector;

  beforeEach(() => {
    registry = new Registry();
    metrics = new RemoteMetrics(registry);
    metrics.start();
    target = new ScriptedConnector();
    const tier = 'cold';
    connector = layeredConnector(target, [
      new MetricsLayer({ tier }),
      new CircuitBreakerLayer({ tier, store, failures: 2, cooldownMs: 60_000, maxCooldownMs: 60_000 }),
    ]);
  });

  afterEach(() => metrics.stop());

  it('counts calls and errors, and shows the circuit breaker', async () => {
    target.script = () => 'miss';
    await connector.get(KEY);
    await connector.get(KEY);
    expect(await registry.metrics()).not.toContain('kvnest_remote_circuit_state{');
    target.script = () => remoteTimeout(store, 'get', 10);
    for (let i = 0; i < 3; i++) await connector.get(KEY).catch(() => undefined);
    await connector.exists(KEY).catch(() => undefined);
    const text = await registry.metrics();
    for (const line of [
      'kvnest_remote_call_seconds_count{tier="cold",operation="get"} 5',
      'kvnest_remote_call_seconds_count{tier="cold",operation="exists"} 1',
      'kvnest_remote_errors_total{tier="cold",operation="get",code="KV_REMOTE_TIMEOUT"} 2',
      'kvnest_remote_errors_total{tier="cold",operation="get",code="KV_REMOTE_CIRCUIT_OPEN"} 1',
      'kvnest_remote_errors_total{tier="cold",operation="exists",code="KV_REMOTE_CIRCUIT_OPEN"} 1',
      'kvnest_remote_circuit_state{tier="cold"} 2',
    ])
      expect(text).toContain(line);
  });

  it('listens no longer once it is stopped', () => {
    expect(remoteCallChannel.hasSubscribers).toBe(true);
    metrics.stop();
    expect(remoteCallChannel.hasSubscribers).toBe(false);
  });
});
