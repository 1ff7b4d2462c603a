import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  parseLine,
  readClientHead,
  readMessage,
  readServerLine,
} from '../../../src/relay/message.ts';

/** The methods of the notifications and requests of Codex 0.171: one of each form of a name. */
const METHODS = [
  ...['error', 'warning', 'configWarning', 'thread/started', 'thread/status/changed'],
  ...['item/agentMessage/delta', 'item/commandExecution/requestApproval', 'applyPatchApproval'],
  ...[
    'thread/increment_elicitation',
    'mcpServer/elicitation/request',
    'account/rateLimits/updated',
  ],
  ...['thread/realtime/item/transcript/delta', 'windows/worldWritableWarning'],
];
const method = fc.oneof(fc.constantFrom(...METHODS), fc.string(), fc.constant('constructor'));
const id = fc.oneof(
  ...[fc.integer(), fc.maxSafeInteger(), fc.double(), fc.string({ unit: 'binary' }), fc.string()],
  ...[fc.constantFrom('é', '"', '\\', '\\u0041', '', 'codex-hotswap-1', null, -0, 1e21)],
);
const params = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom({ method: 'turn/completed', id: 1 }, { id: 'x' }, [{ id: 5 }], '},"id":5}'),
);
const told = [
  fc.record({ method, params, emittedAtMs: fc.nat() }, { requiredKeys: ['method'] }),
  fc.record({ method, id, params }, { requiredKeys: ['method', 'id'] }),
  fc.record({ id, result: params }, { requiredKeys: ['id'] }),
  fc.record({ id, error: params }),
];
/** Messages of every form, with their members in every order. */
const message = fc.oneof(...told).chain((value) => {
  const entries = Object.entries(value);
  const shuffled = fc.shuffledSubarray(entries, { minLength: entries.length });
  return shuffled.map((members) => Object.fromEntries(members));
});

const asLine = (value: unknown) => Buffer.from(`${JSON.stringify(value)}\n`);

describe('a line of the server', () => {
  it('is read as a parser reads it: every form, every order of members, every id', () => {
    fc.assert(
      fc.property(message, (value) => {
        const line = asLine(value);
        expect(readServerLine(line)).toEqual(readMessage(parseLine(line)));
      }),
      { numRuns: 2000 },
    );
  });

  it('as Codex writes it is read without a parser, also when it is cut after its head', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...METHODS),
        fc.integer({ min: 0, max: 1e9 }),
        fc.jsonValue(),
        (name, number, value) => {
          const kinds = [
            [
              { method: name, params: { value }, emittedAtMs: 1 },
              { kind: 'notification', method: name },
            ],
            [
              { method: name, id: number, params: { value } },
              { kind: 'request', id: number, method: name },
            ],
            [
              { id: number, result: { value } },
              { kind: 'response', id: number, failed: false },
            ],
          ] as const;
          for (const [told, kind] of kinds) {
            expect(readServerLine(asLine(told))).toEqual(kind);
            const long = asLine({ ...told, x: 'x'.repeat(500) }).subarray(0, 400);
            expect(readServerLine(long)).toEqual(kind);
          }
        },
      ),
    );
  });

  it.each([
    '{"method":"error","params":{"a":{}},"id":5}',
    '{"method":"error","params":[],"id":"a\\"b"}',
    '{ "method":"error","params":{}}',
    '{"id":"\\u0041","result":{}}',
    '{"error":{"code":1,"message":""},"id":5}',
    '{"id":null,"error":{}}',
    '{"id":1.5,"result":1}',
    '{"id":01,"result":1}',
    '{"id":"\u0001","result":1}',
    '{"id":12345678901234567890,"result":1}',
    '{"method":1,"id":1}',
    '[{"method":"error","params":{}}]',
    'no json',
    '',
    'null',
    '"text"',
  ])('%j is read as a parser reads it', (text) => {
    const line = Buffer.from(`${text}\n`);
    expect(readServerLine(line)).toEqual(readMessage(parseLine(line)));
  });
});

test.each([
  ['{"id":7,"method":"turn/start","params":{"x', { id: 7, method: 'turn/start' }],
  ['{"method":"turn/start","id":"a b","params":', { id: 'a b', method: 'turn/start' }],
  ['{"jsonrpc":"2.0","id":-1,"method":"fs/writeFile",', { id: -1, method: 'fs/writeFile' }],
  ['{"method":"initialized","params":', undefined],
  ['{"params":{"id":7,"method":"turn/start",', undefined],
  ['[{"id":7,"method":"turn/start",', undefined],
])('the beginning of a request that is too long: %s', (text, request) => {
  expect(readClientHead(Buffer.from(text))).toEqual(request);
});
