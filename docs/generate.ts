/** Writes what is made from the source: run by `npm run docs`; a test fails when a file is behind. */
import { writeFileSync } from 'node:fs';
import { configurationPage, envExample } from '../src/config.ts';
import { clientContract } from './client-contract.ts';

writeFileSync(new URL('../.env.example', import.meta.url), envExample());
writeFileSync(new URL('configuration.md', import.meta.url), configurationPage());
writeFileSync(new URL('../client/src/contract.ts', import.meta.url), clientContract());
