import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseRolloutLine } from '../../../src/codex/rollout.ts';
import { readRolloutFacts, readSessionMeta } from '../../../src/codex/rollout-file.ts';
import {
  event,
  line,
  sessionMeta,
  taskComplete,
  taskStarted,
  tokenCount,
} from './rollout-lines.ts';

describe('parseRolloutLine', () => {
  test('a session', () => {
    expect(parseRolloutLine(sessionMeta({ source: 'cli', forked_from_id: 'parent' }))).toEqual({
      type: 'session_meta',
      at: Date.parse('2026-11-20T10:00:00.123Z'),
      threadId: 'thread-1',
      cwd: '/repo',
      source: 'cli',
      subagent: false,
    });
    const spawned = sessionMeta({
      source: { subagent: { thread_spawn: {} } },
      parent_thread_id: 'p',
    });
    expect(parseRolloutLine(spawned)).toMatchObject({
      subagent: true,
      source: 'subagent',
    });
  });

  test.each([
    ['a NUL', 'a\0b'],
    ['an option', '--yolo'],
    ['a relative directory', 'repo'],
    ['nothing', ''],
    ['a megabyte', `/${'x'.repeat(1024 * 1024)}`],
  ])('no word for a command line that is %s', (_, word) => {
    const named = { id: word, model: word, effort: word, cwd: word };
    const context = parseRolloutLine(line('turn_context', named));
    const isName = word === 'repo';
    expect(context).toMatchObject({ type: 'turn_context' });
    expect({ cwd: undefined, model: undefined, effort: undefined, ...context }).toMatchObject({
      cwd: undefined,
      model: isName ? word : undefined,
      effort: isName ? word : undefined,
    });
    expect(parseRolloutLine(sessionMeta(named)) === undefined).toBe(!isName);
  });

  test('the end of a turn', () => {
    const error = { message: 'You’ve hit…', codex_error_info: 'usage_limit_exceeded' };
    expect(parseRolloutLine(taskComplete({ error, completed_at: 7 }))).toMatchObject({
      type: 'task_complete',
      turnId: 'turn-1',
      completedAt: 7,
      answered: false,
      error: { message: 'You’ve hit…', info: 'usage_limit_exceeded' },
    });
    const lost = { message: 'x', codex_error_info: { response_stream_disconnected: {} } };
    expect(parseRolloutLine(taskComplete({ error: lost }))).toMatchObject({
      error: { info: 'response_stream_disconnected' },
    });
    expect(
      parseRolloutLine(taskComplete({ last_agent_message: 'done', error: null })),
    ).toMatchObject({
      answered: true,
    });
    expect(
      parseRolloutLine(event({ type: 'turn_aborted', turn_id: 't', reason: 'interrupted' })),
    ).toMatchObject({ type: 'turn_aborted', turnId: 't' });
  });

  test('limits and context', () => {
    expect(
      parseRolloutLine(
        tokenCount({
          primary: { used_percent: 100, window_minutes: 300, resets_at: 9 },
          secondary: { used_percent: 3.5, window_minutes: 10080 },
          plan_type: 'plus',
          rate_limit_reached_type: 'rate_limit_reached',
          limit_id: 'codex',
          limit_name: null,
        }),
      ),
    ).toMatchObject({
      type: 'token_count',
      limits: {
        windows: [
          { usedPercent: 100, minutes: 300, resetsAt: 9 },
          { usedPercent: 3.5, minutes: 10080 },
        ],
        plan: 'plus',
        reachedType: 'rate_limit_reached',
        limitId: 'codex',
      },
    });
    expect(
      parseRolloutLine(event({ type: 'token_count', info: {}, rate_limits: null })),
    ).toMatchObject({ type: 'token_count' });
    expect(
      parseRolloutLine(
        line('turn_context', { turn_id: 't', model: 'gpt', effort: 'high', cwd: '/r' }),
      ),
    ).toMatchObject({ type: 'turn_context', turnId: 't', model: 'gpt', effort: 'high', cwd: '/r' });
  });

  test.each([
    '',
    '{',
    'null',
    '"task_complete"',
    '{"type":"event_msg","payload":{"type":"task_complete"',
    '{"type":"event_msg","payload":null,"x":"task_complete"}',
    line('response_item', { type: 'message', content: 'a "task_complete" is quoted' }),
    event({ type: 'agent_message', message: 'session_meta' }),
  ])('nothing: %s', (text) => {
    expect(parseRolloutLine(text)).toBeUndefined();
  });

  test('never throws', () => {
    const types = fc.constantFrom('session_meta', 'turn_context', 'event_msg');
    const names = fc.constantFrom('task_complete', 'token_count', 'task_started', 'turn_aborted');
    fc.assert(
      fc.property(types, names, fc.object(), (type, name, payload) => {
        parseRolloutLine(line(type, { type: name, ...payload }));
      }),
    );
  });
});

describe('readRolloutFacts', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rollout-'));
    file = join(directory, 'rollout.jsonl');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('keeps an incomplete last line for the next time', async () => {
    const [first, second] = [taskStarted('a'), taskComplete({ turn_id: 'b' })];
    writeFileSync(file, `${first}\n${second.slice(0, 50)}`);
    const one = await readRolloutFacts(file);
    expect(one).toMatchObject({ facts: [{ turnId: 'a' }], offset: first.length + 1 });
    appendFileSync(file, `${second.slice(50)}\n`);
    const two = await readRolloutFacts(file, one.offset);
    expect(two.facts).toMatchObject([{ turnId: 'b' }]);
    expect(await readRolloutFacts(file, two.offset)).toEqual({ facts: [], offset: two.offset });
  });

  test('a file that became shorter is read from its start', async () => {
    writeFileSync(file, `${taskStarted('a')}\n${taskStarted('b')}\n`);
    const { offset } = await readRolloutFacts(file);
    truncateSync(file, taskStarted('a').length + 1);
    expect((await readRolloutFacts(file, offset)).facts).toMatchObject([{ turnId: 'a' }]);
  });

  test('huge lines and many bytes in every script', async () => {
    const huge = line('response_item', { text: 'é√🙂'.repeat(400_000) });
    const meta = sessionMeta({ base_instructions: '🙂'.repeat(30_000) });
    writeFileSync(file, `${meta}\n${huge}\n${taskStarted('x')}\n${huge}\n${taskComplete({})}\n`);
    const { facts } = await readRolloutFacts(file);
    expect(facts.map(({ type }) => type)).toEqual([
      'session_meta',
      'task_started',
      'task_complete',
    ]);
    expect(await readSessionMeta(file)).toMatchObject({ threadId: 'thread-1' });
  });

  test('read in pieces of any size it gives the same facts', async () => {
    const text = [sessionMeta({}), taskStarted('a'), 'garbage', tokenCount({}), taskComplete({})]
      .map((each) => `${each}\n`)
      .join('');
    writeFileSync(file, text);
    const whole = await readRolloutFacts(file);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length)), async (cuts) => {
        writeFileSync(file, '');
        const facts = [];
        let offset = 0;
        let written = 0;
        for (const cut of [...cuts.toSorted((a, b) => a - b), text.length]) {
          appendFileSync(file, text.slice(written, cut));
          written = Math.max(written, cut);
          const read = await readRolloutFacts(file, offset);
          facts.push(...read.facts);
          offset = read.offset;
        }
        expect(facts).toEqual(whole.facts);
      }),
      { numRuns: 30 },
    );
  });

  test('a missing file is an error, a strange first line is not', async () => {
    await expect(readRolloutFacts(join(directory, 'none'))).rejects.toThrow('ENOENT');
    writeFileSync(file, 'garbage\n');
    expect(await readSessionMeta(file)).toBeUndefined();
  });
});
