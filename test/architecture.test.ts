/**
 * The import law: who may import whom. Read from the source text, so that type-only
 * imports count too, and proved by planted violations: a law that nothing can break is no law.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { describe, expect, test } from '@jest/globals';

interface SourceFile {
  /** From the root of the project, with slashes. */
  readonly path: string;
  readonly source: string;
}

interface Import {
  /** A path from the root of the project, `node:…` or the name of a package. */
  readonly target: string;
  readonly isTypeOnly: boolean;
}

interface Layer {
  readonly name: string;
  readonly files: RegExp;
  /** What may be imported, besides what `orTypes` allows. */
  readonly allowed: readonly RegExp[];
  /** What may be imported as a type. */
  readonly orTypes?: readonly RegExp[];
}

const NPM = /^(?!node:|(src|test|client|web|bench|demo|docs)\/)/;
const NODE = /^node:/;
const ANY = /^/;

/** The first layer that a path matches is the file's own. */
const LAYERS: readonly Layer[] = [
  {
    name: 'cli',
    files: /^src\/cli\.ts$/,
    allowed: [/^src\/(config|container|main|maintenance)\.ts$/, NODE],
  },
  { name: 'maintenance', files: /^src\/maintenance\.ts$/, allowed: [ANY] },
  { name: 'main', files: /^src\/main\.ts$/, allowed: [/^src\/(config|container)\.ts$/, NODE] },
  { name: 'container', files: /^src\/(container|leaves)\.ts$/, allowed: [ANY] },
  {
    name: 'config',
    files: /^src\/(config|settings)\.ts$/,
    // The table of limits is data that an operator may overrule.
    allowed: [/^src\/settings\.ts$/, /^src\/interfaces\/limits\.ts$/, NPM, NODE],
  },
  { name: 'domain', files: /^src\/domain\//, allowed: [/^src\/domain\//] },
  { name: 'application', files: /^src\/application\//, allowed: [/^src\/(domain|application)\//] },
  {
    name: 'infrastructure',
    files: /^src\/infrastructure\//,
    allowed: [/^src\/(domain|application)\//, /^src\/infrastructure\//, NPM, NODE],
  },
  {
    name: 'interfaces/contract',
    files: /^src\/interfaces\/contract\//,
    allowed: [/^src\/interfaces\/contract\//, /^typebox(\/|$)/],
  },
  {
    name: 'interfaces',
    files: /^src\/interfaces\//,
    // They show what the domain says and decide nothing themselves.
    allowed: [/^src\/(application|interfaces)\//, /^src\/domain\/(?!(decide|changes)\.ts)/, NPM, NODE],
    orTypes: [/^src\/domain\//],
  },
  // It is a package of its own: it has nothing of the server, not even types, and only one file of it knows Node.
  { name: 'client/node', files: /^client\/src\/node\.ts$/, allowed: [/^client\//, NODE] },
  { name: 'client', files: /^client\//, allowed: [/^client\/(?!src\/node\.ts)/, NPM] },
  // What builds it runs in Node, the rest in a browser.
  { name: 'web/build', files: /^web\/[^/]+\.ts$/, allowed: [NPM, NODE] },
  { name: 'web', files: /^web\/src\//, allowed: [/^web\/src\//, NPM] },
  // It acts through the use cases, as people do, and starts the program as it is.
  {
    name: 'demo',
    files: /^demo\//,
    allowed: [
      /^demo\//,
      /^src\/(config|container|main)\.ts$/,
      /^src\/infrastructure\/(sqlite\/sqlite-store|system)\.ts$/,
      /^src\/domain\/errors\.ts$/,
      NODE,
    ],
    orTypes: [/^src\/(application|domain)\//],
  },
  { name: 'test/protocol', files: /^test\/protocol\//, allowed: [/^test\/protocol\//, NPM, NODE] },
];

/** Things that one file alone may touch, whatever its layer. */
const RESERVED: readonly { readonly what: RegExp; readonly name: string; readonly by: RegExp }[] = [
  { what: /['"](tsyringe|reflect-metadata)['"]/, name: 'tsyringe', by: /^src\/container\.ts$/ },
  {
    what: /\bprocess\s*(\.|\?\.|\[\s*['"])\s*env\b|\benv\b.*from 'node:process'/,
    name: 'process.env',
    by: /^(src\/config|demo\/main|test\/protocol\/server)\.ts$/,
  },
];

/** Time, ids and chance come into the core through ports. */
const CORE = /^src\/(domain|application)\//;
const IMPURE =
  /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|setTimeout|setInterval|process\.|crypto\.|console\.)/;

const MAX_LINES = 400;
/** Nobody reads through it. */
const GENERATED = /^client\/src\/contract\.ts$/;

/** Comments, as the formatter lays them out: on lines of their own or after a blank. */
const COMMENTS = /^\s*\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm;
const IMPORTS =
  /^\s*(?:import|export)\s(?<clause>[^;'"]*?)from\s*['"](?<from>[^'"]+)['"]|^\s*import\s*['"](?<bare>[^'"]+)['"]|\bimport\(\s*['"](?<dynamic>[^'"]+)['"]/gm;

function importsOf({ path, source }: SourceFile): Import[] {
  return [...source.matchAll(IMPORTS)].map(({ groups = {} }) => {
    const specifier = groups.from ?? groups.bare ?? groups.dynamic ?? '';
    return {
      target: specifier.startsWith('.') ? posix.join(dirname(path), specifier) : specifier,
      isTypeOnly: /^type\s/.test(groups.clause ?? ''),
    };
  });
}

/** Adapters do not know each other: below infrastructure/, every folder and every single file stands alone. */
const adapterOf = (path: string): string | undefined => /^src\/infrastructure\/[^/]+/.exec(path)?.[0];

function mayImport(layer: Layer, path: string, { target, isTypeOnly }: Import): boolean {
  const [from, to] = [adapterOf(path), adapterOf(target)];
  if (from && to) return from === to;
  return [...layer.allowed, ...(isTypeOnly ? (layer.orTypes ?? []) : [])].some((allowed) => allowed.test(target));
}

function violationsOf(file: SourceFile): string[] {
  const { path } = file;
  const code = file.source.replace(COMMENTS, '');
  const layer = LAYERS.find(({ files }) => files.test(path));
  if (!layer) return [`${path} is in no layer`];
  return [
    ...importsOf({ path, source: code })
      .filter((wanted) => !mayImport(layer, path, wanted))
      .map(({ target }) => `${path} imports ${target}`),
    ...RESERVED.filter(({ what, by }) => what.test(code) && !by.test(path)).map(({ name }) => `${path} uses ${name}`),
    ...(CORE.test(path) && IMPURE.test(code) ? [`${path} uses ${IMPURE.exec(code)?.[0]}`] : []),
    ...(file.source.trimEnd().split('\n').length > MAX_LINES && !GENERATED.test(path)
      ? [`${path} has over ${MAX_LINES} lines`]
      : []),
  ];
}

const root = new URL('..', import.meta.url).pathname;
const tree: SourceFile[] = globSync('{src,client,web,demo,test/protocol}/**/*.{ts,tsx}', {
  cwd: root,
  exclude: ['**/node_modules', '**/dist'],
})
  .map((path) => path.replaceAll('\\', '/'))
  .map((path) => ({ path, source: readFileSync(`${root}/${path}`, 'utf8') }));

test.each(LAYERS)('the layer $name is not empty', ({ files }) => {
  expect(tree.filter(({ path }) => files.test(path))).not.toEqual([]);
});

test('no file breaks the law', () => {
  expect(tree.flatMap(violationsOf)).toEqual([]);
});

describe('a planted violation is found', () => {
  test.each([
    ['src/main.ts', `import { createLogger } from './infrastructure/observability/logger.ts';`],
    ['src/main.ts', `import pino from 'pino';`],
    ['src/config.ts', `import type { Chat } from './domain/chat.ts';`],
    ['src/domain/chat.ts', `import type { Store } from '../application/ports/persistence.ts';`],
    ['src/domain/chat.ts', `import { randomUUID } from 'node:crypto';`],
    ['src/domain/chat.ts', `import fc from 'fast-check';`],
    ['src/domain/chat.ts', 'const now = Date.now();'],
    ['src/application/chat-service.ts', `import { fastify } from "fastify";`],
    ['src/application/chat-service.ts', `import {\n  Database,\n} from '../infrastructure/sqlite/database.ts';`],
    ['src/application/chat-service.ts', `export * from '../interfaces/present.ts';`],
    ['src/application/chat-service.ts', `const { hash } = await import('node:crypto');`],
    ['src/application/chat-service.ts', 'if (Math.random() < 0.5) retry();'],
    ['src/infrastructure/sqlite/database.ts', `import { connect } from '../mongo/database.ts';`],
    ['src/infrastructure/sqlite/database.ts', `import { SystemClock } from '../system.ts';`],
    ['src/infrastructure/sqlite/database.ts', `import type { Config } from '../../config.ts';`],
    ['src/infrastructure/sqlite/database.ts', `import { present } from '../../interfaces/present.ts';`],
    ['src/infrastructure/system.ts', `import { createLogger } from './observability/logger.ts';`],
    ['src/interfaces/contract/message.ts', `import { MAX } from '../../domain/message.ts';`],
    ['src/interfaces/contract/message.ts', `import type { Message } from '../../domain/message.ts';`],
    ['src/interfaces/contract/message.ts', `import { fastify } from 'fastify';`],
    ['src/interfaces/contract/message.ts', `import { present } from '../present.ts';`],
    ['src/interfaces/http/server.ts', `import { decide } from '../../domain/decide.ts';`],
    ['src/interfaces/http/server.ts', `import { type Command, decide } from '../../domain/decide.ts';`],
    ['src/interfaces/http/server.ts', `import type { Store } from '../../infrastructure/sqlite/store.ts';`],
    ['src/interfaces/http/server.ts', `import { build } from '../../container.ts';`],
    ['client/src/socket.ts', `import type { Message } from '../../src/interfaces/contract/message.ts';`],
    ['client/src/socket.ts', `import { open } from 'node:fs';`],
    ['client/src/socket.ts', `import { fileStorage } from './node.ts';`],
    ['web/src/app.tsx', `import type { Message } from '../../src/interfaces/contract/message.ts';`],
    ['demo/perform.ts', `import { SqliteChatLog } from '../src/infrastructure/sqlite/sqlite-chat-log.ts';`],
    ['demo/perform.ts', `import { record } from '../src/domain/changes.ts';`],
    ['web/src/app.tsx', `import { defineConfig } from '../vite.config.ts';`],
    ['test/protocol/hello.test.ts', `import { Hello } from '../../src/interfaces/contract/hello.ts';`],
    ['test/protocol/hello.test.ts', `import { node } from '../support/node.ts';`],
    ['src/infrastructure/system.ts', `import { container } from 'tsyringe';`],
    ['src/interfaces/http/server.ts', `import 'reflect-metadata';`],
    ['src/infrastructure/system.ts', 'const port = process.env.PORT;'],
    ['src/infrastructure/system.ts', `const port = process['env'].PORT;`],
    ['src/infrastructure/system.ts', `import { env } from 'node:process';`],
    ['src/helpers/text.ts', 'export const a = 1;'],
  ])('%s: %s', (path, source) => {
    expect(violationsOf({ path, source })).toHaveLength(1);
  });
});

test('a file of 400 lines is let through, one of 401 is found', () => {
  const lines = (count: number) => violationsOf({ path: 'src/container.ts', source: 'line;\n'.repeat(count) });
  expect(lines(400)).toEqual([]);
  expect(lines(401)).toEqual(['src/container.ts has over 400 lines']);
});

describe('what is allowed is let through', () => {
  test.each([
    ['src/main.ts', `import { loadConfig } from './config.ts';\nimport { once } from 'node:events';`],
    [
      'src/container.ts',
      `import 'reflect-metadata';\nimport { container } from 'tsyringe';\nimport './domain/chat.ts';`,
    ],
    ['src/domain/chat.ts', `// Not by Date.now(), nor import('node:fs').\n/* process.env */\nimport './ids.ts';`],
    ['src/application/chat-service.ts', `import { decide } from '../domain/decide.ts';`],
    ['src/infrastructure/sqlite/store.ts', `import './database.ts';\nimport { Database } from 'node:sqlite';`],
    ['src/interfaces/contract/message.ts', `import { Type } from 'typebox';\nimport './chat.ts';`],
    ['src/interfaces/http/server.ts', `import { DomainError } from '../../domain/errors.ts';`],
    ['src/interfaces/http/server.ts', `import type { Command } from '../../domain/decide.ts';`],
    ['src/interfaces/present.ts', `import { type Acquaintance, seenBy } from '../domain/user.ts';`],
    ['client/src/node.ts', `import { open } from 'node:fs';\nimport type { Storage } from './storage.ts';`],
    ['web/src/app.tsx', `import { Parley } from 'parley-client';`],
  ])('%s: %s', (path, source) => {
    expect(violationsOf({ path, source })).toEqual([]);
  });
});

describe('what comes from npm', () => {
  const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

  test.each(['package.json', 'client/package.json', 'web/package.json'])('%s names exact versions', (path) => {
    const { dependencies, devDependencies, optionalDependencies } = read(path);
    const versions = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
  });

  test('runs no script when it is installed, unless that is allowed or refused by name', () => {
    const packages: [string, { hasInstallScript?: boolean }][] = Object.entries(read('package-lock.json').packages);
    const scripted = packages.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path);
    const named = Object.keys(read('package.json').allowScripts);
    expect(
      scripted.map((path) => path.replace(/^.*node_modules\//, '')).filter((name) => !named.includes(name)),
    ).toEqual([]);
    expect(scripted.length).toBeGreaterThan(0);
  });
});
