import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createIdMap } from '../../../src/relay/id-map.ts';
import { uuid } from './relay-scene.ts';

const [A, B, C, D] = [uuid(1), uuid(2), uuid(3), uuid(4)] as [string, string, string, string];
const line = (...ids: string[]) =>
  Buffer.from(`{"x":"é${ids.join(' ')}/rollout-${ids.at(-1)}.jsonl"}\n`);

test('a chain: the client knows the first id, and the server of now has the last', () => {
  const ids = createIdMap();
  ids.link(B, A);
  ids.link(C, B);
  ids.link(D, C);
  expect([A, B, C, D].map(ids.toKnown)).toEqual([A, A, A, A]);
  expect([A, B, C, D].map(ids.toCurrent)).toEqual([D, B, C, D]);
  expect(ids.lineToClient(line(D, C, B))).toEqual(line(A, A, A));
  expect(ids.lineToServer(line(A))).toEqual(line(D));
});

test('a link that is made twice, and one back to the first id', () => {
  const ids = createIdMap();
  ids.link(B, A);
  ids.link(B, A);
  expect(ids.lineToServer(line(A))).toEqual(line(B));
  ids.link(A, B);
  expect(ids.lineToServer(line(A))).toEqual(line(A));
  expect(ids.lineToClient(line(A))).toEqual(line(A));
});

test('two chains do not touch each other', () => {
  const ids = createIdMap();
  ids.link(B, A);
  ids.link(D, C);
  expect(ids.lineToClient(line(B, D))).toEqual(line(A, C));
  expect(ids.lineToServer(line(A, C))).toEqual(line(B, D));
});

test('a line without such an id is the same bytes, whatever they are', () => {
  const ids = createIdMap();
  ids.link(B, A);
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const buffer = Buffer.from(bytes);
      expect(ids.lineToClient(buffer)).toBe(buffer);
    }),
  );
});

test('there and back again: what the client sends is what it has seen', () => {
  const links = fc.array(fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 9 })), { maxLength: 12 });
  fc.assert(
    fc.property(links, (pairs) => {
      const ids = createIdMap();
      const used = new Set<number>();
      for (const [now, first] of pairs) {
        // A server makes new ids.
        if (used.has(now)) continue;
        used.add(now).add(first);
        ids.link(uuid(now), uuid(first));
        const current = line(uuid(now));
        expect(ids.lineToServer(ids.lineToClient(current))).toEqual(current);
      }
    }),
  );
});

test('only whole ids are replaced, and nothing that is none', () => {
  const ids = createIdMap();
  ids.link('1', '2');
  ids.link(B, A);
  expect(ids.lineToClient(Buffer.from('{"a":1}'))).toEqual(Buffer.from('{"a":1}'));
  const part = Buffer.from(B.slice(1));
  expect(ids.lineToClient(part)).toBe(part);
  expect(ids.lineToClient(Buffer.from(`ff${B}-${B}00`)).toString()).toBe(`ff${A}-${A}00`);
});

test('the memory is bounded, and the newest links stay', () => {
  const ids = createIdMap();
  const name = (count: number) => `${String(count).padStart(8, '0')}-0000-7000-8000-000000000000`;
  for (let count = 0; count < 12_000; count += 2) ids.link(name(count + 1), name(count));
  expect(ids.toKnown(name(1))).toBe(name(1));
  expect(ids.toCurrent(name(0))).toBe(name(0));
  expect(ids.toKnown(name(11_999))).toBe(name(11_998));
  expect(ids.toCurrent(name(11_998))).toBe(name(11_999));
});
