import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { clientContract } from '../../docs/client-contract.ts';

test("the client's types are the contract's (if not: npm run docs)", () => {
  expect(readFileSync(new URL('../../client/src/contract.ts', import.meta.url), 'utf8')).toBe(clientContract());
});
