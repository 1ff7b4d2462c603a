import { describe, expect, it, test } from 'vitest';
import { continuationOf, noteChoices, reopeningOf } from '../../../src/relay/reopening.ts';
import { type OpenThread, readFailure, readThread } from '../../../src/relay/threads.ts';
import { THREAD, thread } from './relay-scene.ts';

function open(method: string, params: object = {}, more: Partial<OpenThread> = {}): OpenThread {
  const read = readThread(thread(THREAD), { method, params: { ...params } });
  if (read === undefined) throw new Error('no thread');
  return Object.assign(read, more);
}

const CHOSEN = { approvalPolicy: 'never', sandbox: 'read-only', config: { a: 1 } };
const STALE = { model: 'old', cwd: '/old', effort: 'low', path: '/p', history: [], input: [] };

describe('the params that open it again', () => {
  it.each([
    ['thread/start', { lastTurn: 't' }],
    ['thread/resume', {}],
    ['thread/fork', {}],
    ['thread/started', {}],
    ['thread/start', { hasRecord: true }],
  ])(
    '%s %j: by its id, with what is on no record, without what may have changed since',
    (method, more) => {
      const again = reopeningOf(open(method, { ...CHOSEN, ...STALE, personality: null }, more));
      expect(again).toEqual({
        method: 'thread/resume',
        params: { ...CHOSEN, threadId: THREAD, excludeTurns: true },
      });
    },
  );

  it('a thread without a turn is begun again as it was begun', () => {
    const params = { ...CHOSEN, ...STALE };
    expect(reopeningOf(open('thread/start', params))).toEqual({ method: 'thread/start', params });
  });

  it.each([
    ['begun, at rest', 'thread/start', { lastTurn: 't' }, undefined],
    ['begun, in its first turn', 'thread/start', { lastTurn: 't', firstInput: [] }, 'thread/start'],
    ['begun, without a turn', 'thread/start', {}, 'thread/start'],
    ['of another kind', 'thread/fork', {}, undefined],
  ])('a thread that is not recorded, %s', (_, method, more, again) => {
    expect(reopeningOf(open(method, {}, { isEphemeral: true, ...more }))?.method).toBe(again);
  });
});

test.each([
  [{ approvalPolicy: 'on-request' }, { approvalPolicy: 'on-request', sandbox: 'read-only' }],
  [{ sandboxPolicy: { type: 'dangerFullAccess' } }, { sandbox: 'danger-full-access' }],
  [{ sandboxPolicy: { type: 'readOnly' } }, { sandbox: 'read-only' }],
  [{ sandboxPolicy: { type: 'readOnly', networkAccess: true } }, {}],
  [
    { sandboxPolicy: { type: 'workspaceWrite', writableRoots: [] } },
    { sandbox: 'workspace-write' },
  ],
  [{ sandboxPolicy: { type: 'workspaceWrite', writableRoots: ['/a'] } }, {}],
  [{ sandboxPolicy: { type: 'workspaceWrite', networkAccess: true } }, {}],
  [{ sandboxPolicy: { type: 'externalSandbox' } }, {}],
  [{ sandboxPolicy: 'text', approvalPolicy: null }, {}],
  [{}, { sandbox: 'read-only', permissions: 'p' }],
])('a turn with %j changes what the thread is opened with', (params, chosen) => {
  const begun = open('thread/start', { sandbox: 'read-only', permissions: 'p' });
  noteChoices(begun, params);
  const kept = 'sandboxPolicy' in params ? {} : { permissions: 'p' };
  expect(begun.opening.params).toEqual({ ...kept, ...chosen });
});

test('a turn goes on with its own parameters, and without its prompt', () => {
  const params = {
    ...{ model: 'm', effort: 'high', outputSchema: {}, summary: null, cwd: '/a' },
    ...{ threadId: 'old', input: [1], clientUserMessageId: 'u', additionalContext: {} },
  };
  expect(continuationOf(THREAD, { method: 'turn/start', params }, [])).toEqual({
    ...{ model: 'm', effort: 'high', outputSchema: {}, cwd: '/a', threadId: THREAD, input: [] },
  });
  expect(continuationOf(THREAD, undefined, [])).toEqual({ threadId: THREAD, input: [] });
});

test.each([
  [undefined, undefined],
  [null, undefined],
  [{}, undefined],
  [{ id: '-rf' }, undefined],
  [{ id: 'a\nb' }, undefined],
  [{ id: 'x'.repeat(300) }, undefined],
  [{ id: 7 }, undefined],
  [
    { id: 'a', path: 'relative', cwd: 5, model: '--m' },
    { rollout: undefined, cwd: undefined, model: undefined },
  ],
  [
    { id: 'a', parentThreadId: 'p', agentNickname: 'n'.repeat(999) },
    { agent: { parent: 'p', name: 'n'.repeat(200) } },
  ],
])('the thread %j of a server is bounded', (value, read) => {
  const now = readThread(value, { method: 'thread/start', params: {} });
  if (read === undefined) expect(now).toBeUndefined();
  else expect(now).toMatchObject(read);
});

test.each([
  [
    { codexErrorInfo: 'usageLimitExceeded', message: 'm' },
    { info: 'usageLimitExceeded', message: 'm' },
  ],
  [
    { codexErrorInfo: { httpConnectionFailed: { httpStatusCode: 429 } } },
    { info: 'httpConnectionFailed', message: '' },
  ],
  [{ codexErrorInfo: {} }, { info: 'other', message: '' }],
  [
    { codexErrorInfo: null, message: 5 },
    { info: 'other', message: '' },
  ],
  [undefined, { info: 'other', message: '' }],
  ['text', { info: 'other', message: '' }],
  [{ message: 'm'.repeat(9999) }, { info: 'other', message: 'm'.repeat(2000) }],
])('the error %j', (value, failure) => {
  expect(readFailure(value)).toEqual(failure);
});
