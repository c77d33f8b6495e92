import base from '../jest.config.mjs';

// One platform for all files: started by global-setup.ts unless HOWDAH_E2E names another. One file at a time, since the files share
// two cores; each has a namespace of its own.
export default {
  ...base,
  rootDir: '..',
  testMatch: ['<rootDir>/e2e/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  globalSetup: '<rootDir>/e2e/support/global-setup.ts',
  globalTeardown: '<rootDir>/e2e/support/global-teardown.ts',
  maxWorkers: 1,
  testTimeout: 180_000,
};
