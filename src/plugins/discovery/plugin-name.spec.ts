import { describe, expect, it } from '@jest/globals';
import { parsePluginName } from './plugin-name.js';
import { selectRole } from './role-selection.js';

/** Who runs each file, by its name: role, and worker id where it asks for one. */
const NAMES: readonly (readonly [name: string, role: string, workerId?: number])[] = [
  // As LMCache documents them.
  ['scheduler_foo_plugin.py', 'scheduler'],
  ['worker_0_test.sh', 'worker', 0],
  ['all_plugin.sh', 'all'],
  ['all_run_plugin.sh', 'all'],
  // A role alone.
  ['scheduler.py', 'scheduler'],
  ['worker.sh', 'worker'],
  ['all.sh', 'all'],
  ['scheduler', 'scheduler'],
  ['worker', 'worker'],
  // No role.
  ['metrics.py', 'all'],
  ['my_plugin.py', 'all'],
  ['my_0_plugin.py', 'all'],
  ['0_x.py', 'all'],
  ['plugin', 'all'],
  ['workers_0_x.py', 'all'],
  ['schedulers.py', 'all'],
  ['allow_list.py', 'all'],
  ['worker-0-x.py', 'all'],
  ['my_worker_0_x.py', 'all'],
  // A worker id needs a description behind it.
  ['worker_0.sh', 'worker'],
  ['worker_7', 'worker'],
  ['worker_0_.sh', 'worker', 0],
  ['worker_0_1_x.py', 'worker', 0],
  ['all_3_x.py', 'all', 3],
  ['scheduler_2_x.py', 'scheduler', 2],
  // Only digits are a number.
  ['worker_01_x.py', 'worker', 1],
  ['worker_007_x.py', 'worker', 7],
  ['worker_10_x.py', 'worker', 10],
  ['worker_-1_x.py', 'worker'],
  ['worker_+1_x.py', 'worker'],
  ['worker_1.5_x.py', 'worker'],
  ['worker_0x1_x.py', 'worker'],
  ['worker_1e1_x.py', 'worker'],
  ['worker_a_x.py', 'worker'],
  ['worker_\u0661_x.py', 'worker'],
  ['worker_\u00b2_x.py', 'worker'],
  ['worker_99999999999999999999_x.py', 'worker', 1e20],
  // Empty parts.
  ['worker__x.py', 'worker'],
  ['worker__0_x.py', 'worker'],
  ['worker_.py', 'worker'],
  // Any case.
  ['WORKER_1_x.py', 'worker', 1],
  ['Scheduler_Foo.PY', 'scheduler'],
  ['ALL.SH', 'all'],
  ['sCHEDULER.py', 'scheduler'],
  // Dots: the last one begins the extension.
  ['worker_1_x.v2.py', 'worker', 1],
  ['worker_1.x_y.py', 'worker'],
  ['worker.1_x.py', 'all'],
  ['scheduler.v2.py', 'all'],
  ['worker_1_x.', 'worker', 1],
  // Other letters, and spaces.
  ['worker_1_größe.py', 'worker', 1],
  ['планировщик_x.py', 'all'],
  ['wörker_1_x.py', 'all'],
  ['worker_1_日本.py', 'worker', 1],
  [' worker_1_x.py', 'all'],
  ['worker_1_a b.py', 'worker', 1],
];

describe('the name of a plugin', () => {
  it.each(NAMES.map(([name, role, workerId]) => ({ name, role, workerId })))(
    '$name is for $role $workerId',
    (expected) => {
      const { name, role, workerId } = expected;
      expect(parsePluginName(name)).toMatchObject({ role, workerId });
    },
  );

  it.each([
    ['worker_0.sh', '0'],
    ['all_12', '12'],
    ['worker_0_x.sh', undefined],
    ['my_0.sh', undefined],
    ['worker_a.sh', undefined],
  ])('%s has the loose number %s', (name, looseNumber) => {
    expect(parsePluginName(name).looseNumber).toBe(looseNumber);
  });
});

/** In each process, as what it runs; undefined where it does not. */
const SELECTIONS: Readonly<Record<string, readonly (string | undefined)[]>> = {
  // Processes: scheduler and worker 0 of 1; scheduler; worker 0 of 2; worker 1 of 2.
  'all.sh': ['scheduler', 'scheduler', 'worker', 'worker'],
  'metrics.py': ['scheduler', 'scheduler', 'worker', 'worker'],
  'my_plugin.py': ['scheduler', 'scheduler', 'worker', 'worker'],
  'scheduler_x.py': ['scheduler', 'scheduler', undefined, undefined],
  'worker_x.py': ['worker', undefined, 'worker', 'worker'],
  'worker_0.sh': ['worker', undefined, 'worker', 'worker'],
  'worker_0_x.sh': ['worker', undefined, 'worker', undefined],
  'worker_01_x.sh': [undefined, undefined, undefined, 'worker'],
  'worker_2_x.sh': [undefined, undefined, undefined, undefined],
  'all_1_x.sh': [undefined, undefined, undefined, 'worker'],
  'scheduler_0_x.py': ['scheduler', 'scheduler', undefined, undefined],
  'scheduler_1_x.py': [undefined, undefined, undefined, undefined],
};

const PROCESSES = [
  { role: 'all', workerId: 0, workerCount: 1 },
  { role: 'scheduler', workerId: 0, workerCount: 1 },
  { role: 'worker', workerId: 0, workerCount: 2 },
  { role: 'worker', workerId: 1, workerCount: 2 },
] as const;

describe('the role of a process', () => {
  it.each(Object.entries(SELECTIONS))('selects %s as %j', (name, expected) => {
    const selections = PROCESSES.map((self) => selectRole(parsePluginName(name), self));
    expect(selections.map((selection) => ('runsAs' in selection ? selection.runsAs : undefined))).toEqual(
      expected,
    );
  });

  it('is told apart in the reason', () => {
    const [both, scheduler, worker] = PROCESSES;
    expect(selectRole(parsePluginName('worker_x.py'), scheduler)).toEqual({
      reason: 'is for the worker, and this is the scheduler',
    });
    expect(selectRole(parsePluginName('worker_1_x.py'), worker)).toEqual({
      reason: 'is for worker 1, and this is worker 0',
    });
    expect(selectRole(parsePluginName('worker_1_x.py'), both)).toEqual({
      reason: 'is for worker 1, and this is worker 0, of 1',
    });
  });
});
