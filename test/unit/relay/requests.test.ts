import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RequestId } from '../../../src/relay/message.ts';
import {
  addRequest,
  type OpenRequests,
  questionIdForClient,
  takeRequest,
} from '../../../src/relay/requests.ts';

const id: fc.Arbitrary<RequestId> = fc.oneof(
  fc.nat({ max: 20 }),
  fc.maxSafeInteger(),
  fc.constantFrom(-1, 0, 1e9 - 1, 1e9, 2e9, 1.5, 9007199254740991, '1', '1:1', '2:"1"', ''),
  fc.string(),
);

test('the questions of several servers never have the same id for the client', () => {
  const counted = fc.oneof(fc.nat({ max: 1e9 - 1 }), fc.string({ maxLength: 8 }));
  fc.assert(
    fc.property(id, id, fc.nat({ max: 5 }), fc.nat({ max: 5 }), (one, other, first, second) => {
      fc.pre(first > 0 && second > 0 && (first !== second || one !== other));
      expect(questionIdForClient(one, first)).not.toBe(questionIdForClient(other, second));
    }),
  );
  // Codex counts from 0, and the first server's ids are its own.
  fc.assert(
    fc.property(
      fc.nat({ max: 1e9 - 1 }),
      counted,
      fc.integer({ min: 1, max: 9 }),
      (one, other, server) => {
        expect(questionIdForClient(one, 0)).toBe(one);
        expect(questionIdForClient(other, server)).not.toBe(one);
      },
    ),
  );
});

test('an id that is used twice is answered twice, the first request first', () => {
  const requests: OpenRequests = new Map();
  addRequest(requests, { id: 1, method: 'a' });
  addRequest(requests, { id: '1', method: 'b' });
  addRequest(requests, { id: 1, method: 'c' });
  expect(takeRequest(requests, 1)?.method).toBe('a');
  expect(takeRequest(requests, 1)?.method).toBe('c');
  expect(takeRequest(requests, 1)).toBeUndefined();
  expect(takeRequest(requests, '1')?.method).toBe('b');
  expect(requests.size).toBe(0);
});
