import base from './jest.config.js';

/** What takes long: whole processes, killed again and again. `npm run test:slow`. */
/** @type {import('jest').Config} */
export default { ...base, testMatch: ['<rootDir>/test/**/*.slow.test.ts'], testPathIgnorePatterns: ['/node_modules/'] };
