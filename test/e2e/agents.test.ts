import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import type { Answer, Backend, Script, TurnRequest } from '../lab/backend/index.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import { readOurLines } from '../lab/our-lines.ts';
import { itSince } from '../lab/playable.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { runCodex } from '../lab/run-codex.ts';
import { createSupervisedLab, quit, type Supervised } from '../lab/supervised.ts';

// A sub-agent of the session meets the limit. Up to 0.144 the record does not say why a turn has failed (fact 68).

const { openLab, close } = createSupervisedLab();
afterEach(close);

const scene = itSince('0.150.0', 'before, the record of an agent has no error (fact 68)');
const TWO = [{ name: 'acc1' }, { name: 'acc2' }];
const ABOUT_FOXES =
  /^continue\n\n1 of your agents \(\/root\/foxes\) was stopped before its work was done; start again/;

interface Play {
  /** The agents that the first prompt spawns. */
  agents: string[];
  /** What acc1 answers to a request of an agent. */
  agent(request: TurnRequest): Answer | undefined;
  /** What acc1 answers to the root after the spawns. */
  root: Answer;
}

/** The model of acc1 spawns agents at the prompt `go`. Under acc2 it answers as ever. */
function play({ agents, agent, root }: Play): Script {
  return (request) => {
    const { account, texts, userTexts, isContinuation } = request;
    if (account.name !== 'acc1') return undefined;
    if (texts.some((text) => text.includes('NEW_TASK'))) return agent(request);
    const hasSpawned = texts.some((text) => text.includes('task_name'));
    if (hasSpawned || isContinuation) return root;
    const calls = agents.map((to) => ({ kind: 'spawn_agent', to }) as const);
    return userTexts.at(-1) === 'go' ? { calls } : undefined;
  };
}

/** The service refuses the agent, and goes on with the root: its window is full, and its turn was begun before. */
function refuse({ account }: TurnRequest): Answer {
  account.usedPercent = 100;
  return { failure: 'usage-limit' };
}

function gate(): { opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** The prompts that an account was asked in the root's thread. */
function promptsOf(backend: Backend, account: string): string[] {
  return backend.turns(account).at(-1)?.turn?.userTexts ?? [];
}

const isMarked = ({ sandbox, account }: Supervised, name: string) =>
  existsSync(join(sandbox.home, `.local/state/codex-hotswap/accounts/${name}.json`)) &&
  account(name).marks.length > 0;

scene(
  'an agent meets the limit while the root works: marked at once, moved at its end',
  async () => {
    const { backend, hotswap } = await openLab(TWO);
    const { opened, open } = gate();
    const root = { text: ['the root ', 'is done'], until: opened };
    backend.setScript(play({ agents: ['foxes'], agent: refuse, root }));
    const terminal = hotswap.open();
    await ask(terminal, 'go');
    const refused = await hotswap.waitForEvent('agent-refused');
    expect(refused).toMatchObject({ target: 'acc1', kind: 'window-5h', agentName: '/root/foxes' });
    const rollouts = readRollouts(hotswap.sandbox.codexHome);
    expect(rollouts.map(({ threadId }) => threadId)).toEqual([refused.thread, refused.agent]);
    // No other session walks into it, and this one works on.
    expect(isMarked(hotswap, 'acc1')).toBe(true);
    await runCodex(hotswap, ['exec', 'another session']);
    expect(backend.turns().at(-1)?.account).toBe('acc2');
    expect(hotswap.eventsOf('rotated')).toEqual([]);
    open();
    await terminal.waitForText('the root is done');
    expect(await hotswap.waitForEvent('rotated')).toMatchObject({ from: 'acc1', to: 'acc2' });
    await terminal.waitForText(/answer \d from acc2/);
    const [first, second, ...more] = promptsOf(backend, 'acc2');
    expect([first, more]).toEqual(['go', []]);
    expect(second).toMatch(ABOUT_FOXES);
    expect(readOurLines(terminal)).toEqual([
      expect.stringMatching(
        /^acc1: its 5-hour limit is used up until .*; going on under acc2; the limit stopped 1 agent \(\/root\/foxes\)$/,
      ),
    ]);
    expect(await hotswap.command('log')).toMatch(
      /acc1: its 5-hour limit is used up, until \S.*; it stopped the agent \/root\/foxes \[thread /,
    );
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
    expect(hotswap.eventsOf('rotated')).toHaveLength(1);
  },
);

scene('two agents meet it: one handoff, and the prompt names both', async () => {
  const { backend, hotswap } = await openLab(TWO);
  const root = { text: 'the root is done' };
  backend.setScript(play({ agents: ['foxes', 'hares'], agent: refuse, root }));
  const terminal = hotswap.open();
  await ask(terminal, 'go');
  await hotswap.waitForEvent('rotated');
  await terminal.waitForText(/answer \d from acc2/);
  // In the order in which the service has refused them.
  expect(promptsOf(backend, 'acc2').at(-1)).toMatch(
    /2 of your agents \(\/root\/(?:foxes, \/root\/hares|hares, \/root\/foxes)\) were stopped/,
  );
  await quit(terminal);
  expect(hotswap.eventsOf('agent-refused')).toHaveLength(2);
  expect(hotswap.eventsOf('rotated')).toHaveLength(1);
});

scene('an agent meets it while the root is idle: the session goes on at once', async () => {
  const { backend, hotswap } = await openLab(TWO);
  const { opened, open } = gate();
  const agent = (request: TurnRequest) =>
    request.isContinuation
      ? refuse(request)
      : {
          text: ['looking ', 'on'],
          until: opened,
          calls: [{ kind: 'shell', command: 'true' }] as const,
        };
  backend.setScript(
    play({
      agents: ['foxes'],
      agent: (request) => ({ ...agent(request) }) as Answer,
      root: { text: 'the root is done' },
    }),
  );
  const terminal = hotswap.open();
  await ask(terminal, 'go');
  await terminal.waitForText('the root is done');
  await backend.waitForRequest(
    ({ turn }) => turn?.texts.some((text) => text.includes('NEW_TASK')) === true,
  );
  await waitForComposer(terminal);
  const answered = backend.turns('acc1').length;
  open();
  await hotswap.waitForEvent('agent-refused');
  await hotswap.waitForEvent('rotated');
  await terminal.waitForText(/answer \d from acc2/);
  expect(promptsOf(backend, 'acc2').at(-1)).toMatch(ABOUT_FOXES);
  // The agent's own request only: nothing was asked of acc1 by the root.
  expect(backend.turns('acc1').length - answered).toBeLessThanOrEqual(2);
  await quit(terminal);
  expect(hotswap.eventsOf('rotated')).toHaveLength(1);
});

scene('the root meets it, too: one handoff, and the prompt names the agent', async () => {
  const { backend, hotswap } = await openLab(TWO);
  const root = { failure: 'usage-limit' } as const;
  backend.setScript(play({ agents: ['foxes'], agent: refuse, root }));
  const terminal = hotswap.open();
  await ask(terminal, 'go');
  await hotswap.waitForEvent('rotated');
  await terminal.waitForText(/answer \d from acc2/);
  expect(promptsOf(backend, 'acc2').at(-1)).toMatch(ABOUT_FOXES);
  await quit(terminal);
  expect(hotswap.eventsOf('rotated')).toHaveLength(1);
  expect(hotswap.eventsOf('confirmed')).toHaveLength(1);
});

scene('no other account is left: the session stays, and says so once', async () => {
  const { backend, hotswap } = await openLab([{ name: 'acc1' }]);
  backend.setScript(play({ agents: ['foxes'], agent: refuse, root: { text: 'the root is done' } }));
  const terminal = hotswap.open();
  await ask(terminal, 'go');
  await hotswap.waitForEvent('exhausted');
  await ask(terminal, 'and now');
  await terminal.waitForText(/answer \d from acc1|the root is done[\s\S]*the root is done/);
  await ask(terminal, 'and then');
  await backend.waitForRequest(
    ({ turn, outcome }) => turn?.userTexts.at(-1) === 'and then' && outcome?.kind === 'answered',
  );
  expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
  expect(hotswap.eventsOf('exhausted')).toHaveLength(1);
  expect(hotswap.eventsOf('agent-refused')).toHaveLength(1);
});

scene('an agent of an exec meets it: status 0, marked and told', async () => {
  const { backend, hotswap } = await openLab(TWO);
  backend.setScript(
    play({ agents: ['foxes'], agent: refuse, root: { text: 'the root is done', delayMs: 300 } }),
  );
  const ran = await runCodex(hotswap, ['exec', 'go']);
  expect(ran.status).toBe(0);
  expect(ran.stdout).toContain('the root is done');
  expect(ran.stderr).toMatch(
    /^codex-hotswap: acc1: its 5-hour limit is used up; the limit stopped 1 agent \(\/root\/foxes\); /m,
  );
  expect(hotswap.eventsOf('agent-refused')).toMatchObject([{ agentName: '/root/foxes' }]);
  expect(isMarked(hotswap, 'acc1')).toBe(true);
  expect(hotswap.eventsOf('rotated')).toEqual([]);
});
