import { describe, expect, it } from '@jest/globals';
import { ConnectorLifecycle } from './connector-lifecycle.js';

function recorded(open: () => Promise<void> = () => Promise.resolve()) {
  const events: string[] = [];
  const lifecycle = new ConnectorLifecycle({
    label: 'store://test',
    open: async () => {
      events.push('open');
      await open();
    },
    shut: () => {
      events.push('shut');
      return Promise.resolve();
    },
  });
  return { lifecycle, events };
}

describe('ConnectorLifecycle', () => {
  it('runs nothing before it is connected and after it is closed', async () => {
    const { lifecycle } = recorded();
    const call = () => lifecycle.run(() => Promise.resolve(1));
    await expect(call()).rejects.toMatchObject({ code: 'KV_REMOTE_CLOSED' });
    await lifecycle.connect();
    expect(await call()).toBe(1);
    await lifecycle.close();
    await expect(call()).rejects.toMatchObject({ code: 'KV_REMOTE_CLOSED' });
  });

  it('opens and shuts once, however often it is asked, and again after that', async () => {
    const { lifecycle, events } = recorded();
    await Promise.all([lifecycle.connect(), lifecycle.connect()]);
    await Promise.all([lifecycle.close(), lifecycle.close()]);
    await lifecycle.close();
    await lifecycle.connect();
    expect(events).toEqual(['open', 'shut', 'open']);
  });

  it('shuts when the last call is done, also a call that fails', async () => {
    const { lifecycle, events } = recorded();
    await lifecycle.connect();
    let fail: (error: Error) => void = () => undefined;
    const running = lifecycle.run(() => new Promise((_, reject) => (fail = reject)));
    const closed = lifecycle.close();
    await Promise.resolve();
    expect(events).toEqual(['open']);
    fail(new Error('no answer'));
    await expect(running).rejects.toThrow('no answer');
    await closed;
    expect(events).toEqual(['open', 'shut']);
  });

  it('opens again only when it has shut', async () => {
    const { lifecycle, events } = recorded();
    await lifecycle.connect();
    await Promise.all([lifecycle.close(), lifecycle.connect()]);
    expect(events).toEqual(['open', 'shut', 'open']);
  });

  it('can be connected after that failed', async () => {
    let refusals = 1;
    const { lifecycle } = recorded(() =>
      refusals-- > 0 ? Promise.reject(new Error('refused')) : Promise.resolve(),
    );
    await expect(lifecycle.connect()).rejects.toThrow('refused');
    await expect(lifecycle.run(() => Promise.resolve())).rejects.toMatchObject({ code: 'KV_REMOTE_CLOSED' });
    await lifecycle.connect();
    expect(await lifecycle.run(() => Promise.resolve(1))).toBe(1);
  });
});
