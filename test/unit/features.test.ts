import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

test('every test that docs/features.md names is there', () => {
  const rows = readFileSync('docs/features.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '));
  const named = rows.slice(1).flatMap((row) => row.split(' | ')[1]?.replace(' |', '').split(', ') ?? []);
  expect(named.length).toBeGreaterThan(25);
  expect(named.filter((name) => !existsSync(`test/integration/${name}.test.ts`))).toEqual([]);
});
