import base from './jest.config.mjs';

// The long suites of faults: not part of `npm test`. Same shared platform, one file at a time.
export default {
  ...base,
  testMatch: ['<rootDir>/e2e/failover/*.test.ts', '<rootDir>/e2e/backup/*.test.ts'],
  testTimeout: 600_000,
};
