import { expect, it } from 'vitest';
import { createReadableHistory } from '../../../src/codex/readable-history.ts';

const said = (role: string, id: string, text = id) => ({
  type: 'message',
  role,
  id,
  content: text,
});
const context = said('developer', 'rules');
const environment = said('user', 'environment');
const summary = { type: 'compaction', encrypted_content: 'own' };
const reasoning = { type: 'reasoning', encrypted_content: 'own' };

const thread = [
  ...[context, environment, said('user', 'q1'), reasoning, said('assistant', 'a1')],
  ...[{ type: 'function_call', name: 'shell' }, said('assistant', 'a2')],
];

function restore(items: readonly object[], history: readonly object[], mostBytes?: number) {
  const readable = createReadableHistory(mostBytes);
  for (const item of items) readable.note({ ...item });
  return readable.restore(history.map((item) => ({ ...item }))).map((item) => item.id ?? item);
}

it('puts what the model said between the prompts, in place of its summary', () => {
  const history = [context, said('user', 'environment now'), said('user', 'q1'), summary];
  expect(restore(thread, history)).toEqual(['rules', 'environment now', 'q1', 'a1', 'a2']);
});

it('of a history that was compacted before', () => {
  const later = [...thread, said('user', 'q2'), said('assistant', 'a3')];
  const history = [context, said('user', 'q1'), said('user', 'q2'), summary];
  expect(restore(later, history)).toEqual(['rules', 'q1', 'a1', 'a2', 'q2', 'a3']);
});

it('knows messages without an id by what they say', () => {
  const bare = (role: string, content: string) => ({ type: 'message', role, content });
  const items = [bare('user', 'q'), bare('assistant', 'a')];
  expect(restore(items, [bare('user', 'q'), summary])).toEqual(items);
});

it('leaves a readable summary as it is', () => {
  const history = [said('user', 'q1'), said('user', 'so far: …')];
  expect(restore(thread, history)).toEqual(['q1', 'so far: …']);
  expect(restore(thread, [...history, reasoning])).toEqual(['q1', 'so far: …']);
});

it('keeps the newest of a long thread, and every prompt that Codex kept', () => {
  const size = JSON.stringify(said('assistant', 'a2')).length;
  const long = [...thread, said('assistant', 'a3', 'x'.repeat(1000))];
  const history = [said('user', 'q1'), summary];
  expect(restore(long, history, 2 * size)).toEqual(['q1', 'a1', 'a2']);
  expect(restore(long, history, size)).toEqual(['q1', 'a2']);
});
