import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Compile } from 'typebox/compile';
import { acks, CLOSE, commands, liveFrames } from '../../src/interfaces/contract/frames.ts';
import { Change } from '../../src/interfaces/contract/shapes.ts';
import { asyncApi, FRAMES } from '../../src/interfaces/ws/asyncapi.ts';
import { FRAME_EXAMPLES } from '../../src/interfaces/ws/frame-examples.ts';

// biome-ignore lint/suspicious/noExplicitAny: it is looked into wherever it is.
const document: any = JSON.parse(JSON.stringify(asyncApi('1.2.3')));
const names = Object.keys(document.components.messages);

function referencesIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = '$ref' in node && typeof node.$ref === 'string' ? [node.$ref] : [];
  return [...own, ...Object.values(node).flatMap(referencesIn)];
}

const resolve = (reference: string): unknown =>
  reference
    .slice(2)
    .split('/')
    .reduce((node, key) => node?.[key], document);

describe('the AsyncAPI document', () => {
  test('is one of version 3', () => {
    expect(document).toMatchObject({ asyncapi: '3.0.0', info: { title: 'Parley', version: '1.2.3' } });
  });

  test('has every frame of the contract', () => {
    const expected = [
      ...[...Object.keys(commands), 'auth', 'auth.refresh', 'client.ping', 'client.pong', 'hello', 'ready', 'error'],
      ...Object.keys(acks).map((type) => `${type}.ack`),
      ...[...Change.anyOf.map((one) => one.properties.type.const), ...Object.keys(liveFrames)].map((t) => `event.${t}`),
    ];
    expect(names.sort()).toEqual(expected.sort());
  });

  test('says of each frame who sends it, and of each command what it is answered', () => {
    const used = new Set(referencesIn(document.operations));
    expect(names.filter((name) => !used.has(`#/channels/socket/messages/${name}`))).toEqual([]);
    for (const type of Object.keys(commands)) {
      expect(document.operations[type]).toMatchObject({ action: 'receive', reply: { messages: { length: 2 } } });
    }
  });

  test('refers to nothing that is not there', () => {
    const references = referencesIn(document);
    expect(references.length).toBeGreaterThan(100);
    expect(references.filter((reference) => resolve(reference) === undefined)).toEqual([]);
  });

  test.each(names)('has examples of %s that are as its schema says', (name) => {
    const validator = Compile(FRAMES[name] ?? {});
    const examples = FRAME_EXAMPLES[name] ?? [];
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect([...validator.Errors(example)]).toEqual([]);
    expect(document.components.messages[name].examples).toEqual(examples.map((payload) => ({ payload })));
  });

  test('has no example of what is no frame', () => {
    expect(Object.keys(FRAME_EXAMPLES).filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe('docs/protocol.md', () => {
  const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

  test.each(names.map((name) => name.replace(/^(event|client)\.|\.ack$/g, '')))('speaks of %s', (type) => {
    expect(text).toMatch(new RegExp(`["\`]${type.replace('.', '\\.')}["\` ]`));
  });

  test.each(Object.values(CLOSE))('says what to do when a connection ends with %d', (code) => {
    expect(text).toMatch(new RegExp(`^\\| ${code} \\| [^|]+ \\| [^|]+ \\|$`, 'm'));
  });
});
