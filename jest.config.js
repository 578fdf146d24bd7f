/** Node itself strips the types of the .ts modules that Jest loads, so nothing is transformed. */
/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {},
  extensionsToTreatAsEsm: ['.ts'],
  maxWorkers: '100%',
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/domain/**/*.ts', 'src/application/**/*.ts'],
  coverageReporters: ['text'],
};
