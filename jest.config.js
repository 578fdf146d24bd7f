import { availableParallelism } from 'node:os';

/** Node itself strips the types of the .ts modules that Jest loads, so nothing is transformed. */
/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // These have runs of their own: jest.slow.config.js, jest.browser.config.js.
  testPathIgnorePatterns: ['/node_modules/', '\\.slow\\.test\\.ts$', '/test/browser/'],
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  // More than there are cores: many tests wait for a time to pass.
  maxWorkers: availableParallelism() + 1,
  // A test waits for what it needs, however noisy the machine; this is only where one that hangs is ended.
  testTimeout: 180_000,
  coverageProvider: 'v8',
  // Modules that hold nothing but types are never loaded.
  collectCoverageFrom: ['src/{domain,application}/**/*.ts', '!**/{ids,realtime,services}.ts'],
  coverageReporters: ['text'],
};
