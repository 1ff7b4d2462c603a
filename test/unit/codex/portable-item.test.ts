import { expect, it } from 'vitest';
import { createItemFilter } from '../../../src/codex/portable-item.ts';

const encrypted = { type: 'encrypted_content', encrypted_content: 'own' };
const call = (call_id: string, name: string, args: string) => ({
  ...{ type: 'function_call', namespace: 'collaboration', call_id },
  ...{ name, arguments: args },
});
const result = (call_id: string, output: unknown) => ({
  ...{ type: 'function_call_output', call_id, output },
});

it.each([
  ['a prompt', { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'q' }] }],
  ['a message without content', { type: 'message', role: 'user', content: null }],
  ['a call of another tool', { ...call('1', 'wait', '{}'), namespace: undefined }],
  ['the result of another tool', result('1', 'done')],
])('%s stays as it is', (_, item) => {
  expect(createItemFilter()(item)).toBe(item);
});

it.each([
  ['reasoning', { type: 'reasoning', summary: [] }],
  ['a summary', { type: 'compaction', encrypted_content: 'own' }],
])('%s is left out', (_, item) => {
  expect(createItemFilter()(item)).toBeUndefined();
});

it('of a message from an agent only who sent it is left', () => {
  const head = { type: 'input_text', text: 'Sender: /root/foxes' };
  const message = { type: 'agent_message', author: '/root/foxes', content: [head, encrypted] };
  const unreadable = { type: 'input_text', text: '(not readable for this account)' };
  expect(createItemFilter()(message)).toEqual({ ...message, content: [head, unreadable] });
});

it.each([
  ['{"task_name":"foxes","message":"own"}', '"/root/foxes"', 'spawn {"task_name":"foxes"}'],
  ['{"message":"own"}', '"/root/foxes"', 'spawn {}'],
  ['no JSON', '"/root/foxes"', 'spawn'],
])('a call to an agent and its result become a sentence: %s', (args, output, said) => {
  const makePortable = createItemFilter();
  expect(makePortable(call('1', 'spawn', args))).toBeUndefined();
  expect(makePortable(result('1', output))).toEqual({
    type: 'message',
    role: 'assistant',
    content: [{ type: 'output_text', text: `${said} → ${output}` }],
  });
  const other = result('1', output);
  expect(makePortable(other)).toBe(other);
});

it('a call whose name is no text has none', () => {
  const makePortable = createItemFilter();
  for (const args of ['{}', 'no JSON']) {
    makePortable({ ...call('1', 'x', args), name: { toString: 1 } });
    expect(makePortable(result('1', 'done'))).toMatchObject({
      content: [{ text: expect.stringMatching(/^a call .*→ done$/) }],
    });
  }
});
