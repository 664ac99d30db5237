const common = {
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': '@swc/jest' },
  setupFiles: ['reflect-metadata'],
  testEnvironment: 'node',
  restoreMocks: true,
};

const project = (name, ...testMatch) => ({
  ...common,
  displayName: name,
  testMatch: testMatch.map((glob) => `<rootDir>/${glob}`),
});

export default {
  coverageProvider: 'v8',
  // The long versions take as long as they take.
  testTimeout: process.env.KVNEST_SOAK === undefined ? 60_000 : 3_600_000,
  // Of two processors: a test file waits for other processes more than a third of its time.
  maxWorkers: 3,
  // Modules of test files are never freed, and a large heap makes every collection slow.
  workerIdleMemoryLimit: '1GB',
  projects: [
    project('unit', 'src/**/*.spec.ts', 'test/unit/**/*.spec.ts'),
    project('integration', 'test/integration/**/*.spec.ts'),
    project('e2e', 'test/e2e/**/*.spec.ts'),
  ],
};
