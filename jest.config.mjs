export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/dev/jest-transform.mjs' },
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '<rootDir>/.howdah/', '/e2e/(?!support/|soak/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.howdah/'],
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/dev/slowest.mjs'],
  // Ends what hangs; a machine that is busy with other things is not a reason to fail.
  testTimeout: 180_000,
};
