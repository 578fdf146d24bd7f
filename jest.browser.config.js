import base from './jest.config.js';

/** The web client in a real browser. `npm run test:browser`. */
/** @type {import('jest').Config} */
export default {
  ...base,
  testMatch: ['<rootDir>/test/browser/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: '<rootDir>/test/browser/support/build.ts',
  maxWorkers: 1,
  // Every screen is looked at in one test.
  testTimeout: 240_000,
};
