import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followThreads } from '../../../../src/session/tui/follow-threads.ts';
import { event, sessionMeta, taskComplete, taskStarted } from '../../codex/rollout-lines.ts';

// The rollout of an agent begins with a copy of its parent's, stamped with the time of the copy (fact 100).

const STARTED = Date.parse('2026-11-20T10:00:00Z');
const at = (ms: number) => new Date(STARTED + ms).toISOString();
const seconds = (ms: number) => Math.floor((STARTED + ms) / 1000);
const LIMIT = { message: 'You’ve hit your usage limit.', codex_error_info: 'usage_limit_exceeded' };
const failed = (turn_id: string, ms: number, error: object | undefined = LIMIT) =>
  taskComplete({ turn_id, completed_at: seconds(ms), error }, at(ms));
const spawned = (fields: object) => ({
  session_id: 'root',
  source: { subagent: { thread_spawn: { parent_thread_id: 'root', ...fields } } },
});

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'agents-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(id: string, meta: object, ...lines: string[]): string {
  const file = join(directory, `rollout-2026-11-20T10-00-00-${id}.jsonl`);
  writeFileSync(file, [sessionMeta({ id, ...meta }), ...lines, ''].join('\n'));
  return file;
}

function follow(files: string[], answered: string[] = []) {
  return followThreads(1, STARTED, new Set(answered), async () => files);
}

describe('an agent', () => {
  const FOXES = spawned({ agent_path: '/root/foxes', agent_nickname: 'Planck' });

  it.each<[string, object, string | undefined]>([
    ['has a path', FOXES, '/root/foxes'],
    ['has a nickname', spawned({ agent_nickname: 'Planck' }), 'Planck'],
    ['has no name', spawned({}), undefined],
  ])('that meets the limit %s', async (_, meta, name) => {
    const file = write('agent', meta, taskStarted('own', at(10)), failed('own', 20));
    const news = await follow([file]).readNews(undefined);
    const agent = name === undefined ? { id: 'agent' } : { id: 'agent', name };
    expect(news.agentRefusals).toMatchObject([{ agent, proof: { turnId: 'own' } }]);
    // The root has failed in nothing.
    expect(news).toMatchObject({ started: false, answered: false, turnRuns: false });
    expect(news.proof).toBeUndefined();
  });

  it.each<[string, object, string[]]>([
    [
      'a review',
      { source: { subagent: 'review' } },
      [taskStarted('own', at(10)), failed('own', 20)],
    ],
    [
      'a login that is gone',
      FOXES,
      [
        taskStarted('own', at(10)),
        failed('own', 20, {
          message:
            'Your access token could not be refreshed because your refresh token was already used. Please log out and sign in again.',
          codex_error_info: 'other',
        }),
      ],
    ],
    [
      'another error',
      FOXES,
      [taskStarted('own', at(10)), failed('own', 20, { message: 'x', codex_error_info: 'other' })],
    ],
    [
      'its parent’s limit before this child',
      FOXES,
      [taskStarted('old', at(10)), failed('old', -9000)],
    ],
    [
      'its parent’s limit that was answered',
      FOXES,
      [taskStarted('answered', at(10)), failed('answered', 20)],
    ],
    [
      'its parent’s limit, and a turn of its own',
      FOXES,
      [taskStarted('parent', at(10)), failed('parent', 20), taskStarted('own', at(30))],
    ],
    [
      'a limit in a turn before',
      FOXES,
      [
        taskStarted('one', at(10)),
        failed('one', 20),
        taskStarted('two', at(30)),
        taskComplete({ turn_id: 'two', last_agent_message: 'done' }, at(40)),
      ],
    ],
  ])('is not refused by %s', async (_, meta, lines) => {
    const news = await follow([write('agent', meta, ...lines)], ['answered']).readNews(undefined);
    expect(news.agentRefusals).toEqual([]);
  });

  it('works from its task to its end, in this child', async () => {
    const old = write('old', FOXES, taskStarted('old', at(-10)));
    const file = write(
      'agent',
      FOXES,
      taskStarted('parent', at(10)),
      event({ type: 'turn_aborted' }, at(10)),
    );
    const follower = follow([old, file]);
    expect((await follower.readNews(undefined)).runningAgents).toEqual([]);
    appendFileSync(file, `${taskStarted('own', at(20))}\n`);
    const running = [{ id: 'agent', name: '/root/foxes' }];
    expect((await follower.readNews(undefined)).runningAgents).toEqual(running);
    expect(follower.runningAgents()).toEqual(running);
    appendFileSync(file, `${failed('own', 30)}\n`);
    const news = await follower.readNews(undefined);
    expect(news).toMatchObject({
      runningAgents: [],
      agentRefusals: [{ proof: { turnId: 'own' } }],
    });
  });

  it('whose thread Codex has closed is read to its end, and works no more', async () => {
    const file = write('agent', FOXES, taskStarted('own', at(10)));
    const open = [file];
    const follower = followThreads(1, STARTED, new Set(), async () => open);
    expect((await follower.readNews(undefined)).runningAgents).toHaveLength(1);
    appendFileSync(file, `${failed('own', 20)}\n`);
    open.pop();
    const news = await follower.readNews(undefined);
    expect(news).toMatchObject({
      runningAgents: [],
      agentRefusals: [{ proof: { turnId: 'own' } }],
    });
    expect(follower.rollouts()).toEqual([]);
    rmSync(file);
    expect((await follower.readNews(undefined)).agentRefusals).toEqual([]);
  });

  it('adds no prompt and no turn to those of the session', async () => {
    const prompt = JSON.stringify({
      ...{ timestamp: at(10), type: 'response_item' },
      payload: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] },
    });
    const follower = follow([write('agent', FOXES, taskStarted('parent', at(10)), prompt)]);
    await follower.readNews(undefined);
    expect(follower.record()).toEqual({ prompts: [], turns: [] });
    expect(follower.current()).toBeUndefined();
  });
});
