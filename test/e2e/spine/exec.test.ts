import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { codexUnderTest } from '../../lab/codex-under-test.ts';
import { readRegistry } from '../../lab/launches.ts';
import { itSince, itWhere } from '../../lab/playable.ts';
import { readRollouts } from '../../lab/rollouts.ts';
import { runCodex } from '../../lab/run-codex.ts';
import { createSupervisedLab, type Supervised } from '../../lab/supervised.ts';

// `codex exec` outlives a usage limit, on the real Codex, without a terminal: one scene for each thing
// that is Codex's own. All other ways are in test/unit/session/exec/exec-handoff.test.ts, exec-wait and kept-input beside it.

const { openLab, close } = createSupervisedLab();
afterEach(close);

const nowSeconds = () => Math.floor(Date.now() / 1000);
const ours = (stderr: string) =>
  stderr.split('\n').filter((line) => line.startsWith('codex-hotswap:'));

/** A shared home with one thread in it, begun under acc1, which has no turn left. */
async function openThread(): Promise<{
  hotswap: Supervised;
  threadId: string;
  backend: Awaited<ReturnType<typeof openLab>>['backend'];
}> {
  const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
  expect(await runCodex(hotswap, ['exec', 'before'])).toMatchObject({ status: 0 });
  const threadId = readRollouts(hotswap.sandbox.codexHome)[0]?.threadId as string;
  return { backend, hotswap, threadId };
}

describe('an exec whose account reaches its limit', () => {
  it('goes on in the same thread under the next: stdout, -o and status as of one run', async () => {
    const resetsAt = nowSeconds() + 7200;
    const { backend, hotswap } = await openLab([
      { name: 'acc1', turnsLeft: 0, resetsAt },
      { name: 'acc2' },
    ]);
    const { work, codexHome } = hotswap.sandbox;
    const flags = ['-m', 'lab-model', '-s', 'workspace-write', '-c', 'model_reasoning_effort=high'];
    const ran = await runCodex(hotswap, ['exec', ...flags, '-o', 'out.txt', 'hello']);

    expect(ran).toMatchObject({ status: 0, stdout: 'answer 1 from acc2\n' });
    expect(readFileSync(join(work, 'out.txt'), 'utf8')).toBe('answer 1 from acc2');
    expect(ours(ran.stderr)).toEqual([
      expect.stringMatching(
        /^codex-hotswap: acc1: its 5-hour limit is used up until .*; going on under acc2$/,
      ),
    ]);
    const turn = backend.turns('acc2')[0]?.turn;
    expect(turn?.userTexts).toEqual(['hello', 'continue']);
    expect(turn?.model).toBe('lab-model');
    expect(turn?.body.reasoning).toEqual(backend.turns('acc1')[0]?.turn?.body.reasoning);
    const [rollout, ...others] = readRollouts(codexHome);
    expect(others).toEqual([]);
    const contexts = rollout?.lines.filter(({ type }) => type === 'turn_context') ?? [];
    expect(contexts.at(-1)?.payload.sandbox_policy).toEqual(contexts[0]?.payload.sandbox_policy);
    expect(hotswap.account('acc1').marks).toMatchObject([{ kind: 'window-5h', until: resetsAt }]);
    expect(hotswap.eventsOf('rotated')).toMatchObject([
      { from: 'acc1', to: 'acc2', kind: 'window-5h', thread: rollout?.threadId },
    ]);
    expect(hotswap.eventsOf('resumed')).toMatchObject([{ target: 'acc2' }]);
  });

  it('is one run with --json: one thread, one turn, and no failure', async () => {
    const { hotswap } = await openLab([{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }]);
    const args = ['exec', '--json', '--color', 'never', '-o', 'out.txt', 'hello'];
    const ran = await runCodex(hotswap, args);
    expect(ran.status).toBe(0);
    const events = ran.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events).toMatchObject([
      { type: 'thread.started', thread_id: readRollouts(hotswap.sandbox.codexHome)[0]?.threadId },
      { type: 'turn.started' },
      { type: 'item.completed', item: { id: 'item_0', text: 'answer 1 from acc2' } },
      { type: 'turn.completed' },
    ]);
    expect(readFileSync(join(hotswap.sandbox.work, 'out.txt'), 'utf8')).toBe('answer 1 from acc2');
  });

  it('with a prompt from stdin: read once', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }]);
    const ran = await runCodex(hotswap, ['exec', '-'], { input: 'from stdin' });
    expect(ran).toMatchObject({ status: 0, stdout: 'answer 1 from acc2\n' });
    expect(backend.turns('acc2')[0]?.turn?.userTexts).toEqual(['from stdin', 'continue']);
  });

  it('two at once in one directory keep their threads apart', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }]);
    const prompts = ['for the left', 'for the right', 'for the middle'];
    const runs = await Promise.all(prompts.map((prompt) => runCodex(hotswap, ['exec', prompt])));
    expect(runs.map(({ status }) => status)).toEqual([0, 0, 0]);
    const texts = backend.turns('acc2').map(({ turn }) => turn?.userTexts);
    for (const prompt of prompts) expect(texts).toContainEqual([prompt, 'continue']);
    expect(readRollouts(hotswap.sandbox.codexHome)).toHaveLength(3);
  });

  // Older records do not say why a turn failed (fact 68).
  itSince('0.150.0', 'its record has no error, so nothing proves that the thread may not be read')(
    'in a copy where the next may not read the thread, and the original stays with its own',
    async () => {
      const { backend, hotswap } = await openLab(
        [{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }],
        {
          backend: { foreignReasoning: 'refuse' },
        },
      );
      await runCodex(hotswap, ['exec', 'before']);
      const original = readRollouts(hotswap.sandbox.codexHome)[0];
      const id = original?.threadId as string;
      const ran = await runCodex(hotswap, ['exec', 'resume', id, 'after']);
      expect(ran).toMatchObject({ status: 0, stdout: 'answer 1 from acc2\n' });
      expect(backend.turns('acc2').at(-1)?.turn?.userTexts).toEqual([
        ...['before', 'after', 'continue', 'continue'],
      ]);
      const copy = backend.turns('acc2').at(-1)?.turn?.threadId as string;
      expect(copy).not.toBe(id);
      expect(ours(ran.stderr)).toEqual([
        expect.stringMatching(/going on under acc2$/),
        expect.stringMatching(new RegExp(`acc2 may not read .* a copy of the thread, ${copy}$`)),
      ]);
      expect(readRegistry(hotswap.sandbox)[0]?.segments).toMatchObject([
        { target: 'acc1', thread: id },
        { target: 'acc2', thread: id },
        { target: 'acc2', thread: copy, copyOf: id },
      ]);
      backend.account('acc1').turnsLeft = 5;
      await hotswap.command('reset', 'acc1');
      const words = ['launch', 'acc1', '--', 'exec', 'resume', id, 'once more'];
      await hotswap.command(...words);
      expect(backend.turns('acc1').at(-1)?.turn).toMatchObject({ threadId: id });
      expect(backend.turns('acc1').at(-1)?.outcome).toMatchObject({ kind: 'answered' });
    },
  );

  // What a fork was forked from is another account's, too.
  itWhere(
    codexUnderTest.hasNoDaemon,
    'its fork wants the thread below the real path of CODEX_HOME',
  )('in a copy of a fork, with all its history', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 2 }, { name: 'acc2' }], {
      backend: { foreignReasoning: 'refuse' },
    });
    await runCodex(hotswap, ['exec', 'one']);
    const id = readRollouts(hotswap.sandbox.codexHome)[0]?.threadId as string;
    await runCodex(hotswap, ['exec', 'fork', id, 'two']);
    const fork = readRollouts(hotswap.sandbox.codexHome).at(-1)?.threadId as string;
    const ran = await runCodex(hotswap, ['exec', 'resume', fork, 'three']);
    expect(ran).toMatchObject({ status: 0, stdout: 'answer 1 from acc2\n' });
    const turn = backend.turns('acc2').at(-1)?.turn;
    expect(turn?.userTexts).toEqual(['one', 'two', 'three', 'continue', 'continue']);
    expect(turn?.texts).toContain('answer 1 from acc1');
  });

  it('exec resume goes on in its thread, with the history', async () => {
    const { backend, hotswap, threadId } = await openThread();
    const ran = await runCodex(hotswap, ['exec', 'resume', threadId, 'after', '--json']);
    expect(ran.status).toBe(0);
    expect(backend.turns('acc2')[0]?.turn).toMatchObject({
      threadId,
      userTexts: ['before', 'after', 'continue'],
    });
  });
});

describe('an exec that leaves no thread to go on with', () => {
  it('--ephemeral is run again as it was typed, its stdin included', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }]);
    const args = ['exec', '--ephemeral', '--json', '-'];
    const input = `much from stdin ${'x'.repeat(200_000)}`;
    const ran = await runCodex(hotswap, args, { input });
    expect(ran.status).toBe(0);
    expect(backend.turns('acc2')[0]?.turn?.userTexts).toEqual([input]);
    expect(readRollouts(hotswap.sandbox.codexHome)).toEqual([]);
    expect(hotswap.account('acc1').marks).toMatchObject([{ kind: 'window-5h' }]);
    for (const line of ran.stdout.trimEnd().split('\n')) JSON.parse(line);
  });

  it('review --uncommitted is run again', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 0 }, { name: 'acc2' }]);
    const ran = await runCodex(hotswap, ['review', '--uncommitted']);
    expect(ran.status).toBe(0);
    expect(ours(ran.stderr)).toHaveLength(1);
    expect(backend.turns('acc2')).toHaveLength(1);
    expect(backend.turns('acc2')[0]?.turn?.userTexts).toEqual(
      backend.turns('acc1')[0]?.turn?.userTexts,
    );
  });
});

describe('an exec that goes on under nobody', () => {
  it('every account is at its limit: the status of Codex, a summary on stderr', async () => {
    const sooner = nowSeconds() + 3600;
    const { hotswap } = await openLab([
      { name: 'acc1', turnsLeft: 0, resetsAt: nowSeconds() + 9000 },
      { name: 'acc2', turnsLeft: 0, resetsAt: sooner },
    ]);
    const ran = await runCodex(hotswap, ['exec', 'hello']);
    expect(ran).toMatchObject({ status: 1, stdout: '' });
    expect(ours(ran.stderr)).toEqual([
      expect.stringMatching(/acc1: .*; going on under acc2$/),
      expect.stringMatching(/every account is at its limit \(acc2: .*\); first back: acc2 at/),
    ]);
  });

  it('too many requests are no limit: nothing is rotated, and nothing said', async () => {
    const { backend, hotswap } = await openLab(
      [{ name: 'acc1', turnsLeft: 0, limit: 'too-many-requests' }, { name: 'acc2' }],
      { config: 'model_providers.openai.request_max_retries = 0' },
    );
    const ran = await runCodex(hotswap, ['exec', 'hello'], { timeoutMs: 50_000 });
    expect(ran.status).toBe(1);
    expect(ours(ran.stderr)).toEqual([]);
    expect(backend.turns('acc2')).toEqual([]);
  });

  it('interrupted it ends as Codex does, and no other is started', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }], {
      login: 'acc1',
    });
    const { sandbox } = hotswap;
    const hold = new Promise<void>(() => undefined);
    backend.enqueue([{ until: hold }, { until: hold }]);
    const endOf = async (command: string, args: string[]) => {
      const { env, work: cwd } = sandbox;
      const child = spawn(command, args, { env, cwd, stdio: 'ignore', detached: true });
      const ended = new Promise((resolve) => child.once('exit', (...end) => resolve(end)));
      const asked = backend.turns().length;
      await vi.waitUntil(() => backend.turns().length > asked, { timeout: 15_000 });
      child.kill('SIGINT');
      return ended;
    };
    const real = await endOf(codexUnderTest.native, ['exec', 'hello']);
    const hot = fileURLToPath(new URL('../../../dist/bin/codex-hot.js', import.meta.url));
    expect(await endOf(process.execPath, [hot, 'exec', 'hello'])).toEqual(real);
    expect(backend.turns('acc2')).toEqual([]);
    expect(hotswap.eventsOf('rotated')).toEqual([]);
  });

  it('wrong usage is Codex’s own to tell', async () => {
    const { hotswap } = await openLab([{ name: 'acc1' }]);
    const ran = await runCodex(hotswap, ['exec', '--output-schema', 'missing.json', 'hello']);
    expect(ran.status).toBe(1);
    expect(ours(ran.stderr)).toEqual([]);
  });
});
