import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseArgv, type SessionInvocation } from '../../../src/codex/argv.ts';
import type { PickedThread, ThreadListQuestion } from '../../../src/launch/hidden-threads.ts';
import { chooseResume } from '../../../src/launch/resume-choice.ts';
import { type LaunchRecord, writeLaunch } from '../../../src/registry/launch-record.ts';
import { resolvePaths } from '../../../src/state/paths.ts';
import { sessionMeta } from '../codex/rollout-lines.ts';

const ID = '01a21c8d-4828-7c00-b2ab-ee74988ab048';
const identityOf = (name: string) => ({ userId: `user-${name}`, accountId: `workspace-${name}` });

let home: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'resume-choice-')));
  for (const directory of ['here', 'beside']) mkdirSync(join(home, directory));
});
afterEach(() => rmSync(home, { recursive: true }));

interface ThreadSpec {
  /** The target that began it, by the registry and by its own record. */
  by?: string;
  /** By its own record only. */
  creator?: string;
  /** Its record says that it is of its creator only. */
  scoped?: unknown;
  mode?: LaunchRecord['mode'];
  cwd?: string;
  args?: string[];
  /** Its file is gone. */
  isGone?: boolean;
}

/** A thread on record. */
function makeThread(spec: ThreadSpec): void {
  const { by = 'acc1', creator = by, scoped = true, mode = 'interactive', args = [] } = spec;
  const { cwd = 'here', isGone = false } = spec;
  const { userId: creator_user_id, accountId: creator_account_id } = identityOf(creator);
  const rollout = join(home, 'rollout.jsonl');
  const creation = { account_scoped: scoped, creator_user_id, creator_account_id };
  if (!isGone) writeFileSync(rollout, `${sessionMeta({ id: ID, ...creation })}\n`);
  const from = '2026-11-21T03:00:00.000Z';
  const segments = [{ target: by, identity: identityOf(by), from, thread: ID, rollout }];
  writeLaunch(resolvePaths({}, home), {
    ...{ version: 1, launch: '20261121T030000000Z-1', state: 'ended', pid: 1, startedAt: from },
    ...{ cwd: join(home, cwd), args, mode, segments },
  });
}

/** `codex <words>` under acc2; what a person picks in our list, and the list that was opened. */
async function resume(words: string, picks: PickedThread = { kind: 'thread', id: ID }) {
  const opened: ThreadListQuestion[] = [];
  const invocation = parseArgv(words === '' ? [] : words.split(' '));
  const choice = await chooseResume({
    ...{ invocation: invocation as SessionInvocation, paths: resolvePaths({}, home) },
    ...{ cwd: join(home, 'here'), targets: ['acc1', 'acc2'], identityOf },
    foresee: () => ({ target: 'acc2', identity: identityOf('acc2') }),
    async pickThread(question) {
      opened.push(question);
      return picks;
    },
  });
  return { opened, choice, words: choice.invocation.args.join(' ') };
}

describe('a thread is called by its name', () => {
  const index = (...lines: object[]) => {
    const { sharedHome } = resolvePaths({}, home);
    mkdirSync(sharedHome, { recursive: true });
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    writeFileSync(join(sharedHome, 'session_index.jsonl'), text);
  };

  it.each([
    ['resume foxes', `resume -- ${ID}`],
    ['-m x resume foxes -s read-only', `-m x resume -s read-only -- ${ID}`],
    ['resume foxes go-on', `resume -- ${ID} go-on`],
    ['fork foxes', `fork -- ${ID}`],
    ['exec resume foxes go-on', `exec resume -- ${ID} go-on`],
  ])('codex %s', async (words, pinned) => {
    makeThread({});
    index({ id: ID, thread_name: 'hares' }, { id: ID, thread_name: 'foxes' });
    const { choice, opened } = await resume(words);
    expect(choice.invocation.args.join(' ')).toBe(pinned);
    expect(parseArgv(pinned.split(' '))).toEqual(choice.invocation);
    expect(choice.wanted).toEqual({ kind: 'preferred', target: 'acc1' });
    expect(opened).toEqual([]);
  });

  it.each(['resume hares', 'resume deer', `resume ${ID}`, 'resume --unknown foxes'])(
    'or not: codex %s',
    async (words) => {
      makeThread({});
      index({ id: ID, thread_name: 'hares' }, { id: ID, thread_name: 'foxes' });
      expect((await resume(words)).words).toBe(words);
    },
  );
});

describe('our list stands in for that of Codex', () => {
  it.each<[string, ThreadSpec, boolean]>([
    ['resume', {}, true],
    ['fork', {}, true],
    ['-m x resume -s read-only', {}, true],
    // Another account began it, but Codex does not hide it.
    ['resume', { scoped: null }, false],
    ['resume', { scoped: 'true' }, false],
    ['resume', { scoped: false }, false],
    // The account of this session began it.
    ['resume', { by: 'acc2' }, false],
    ['resume', { creator: 'acc2' }, false],
    // It is in no list of this directory.
    ['resume', { cwd: 'beside' }, false],
    ['resume --all', { cwd: 'beside' }, true],
    ['resume', { cwd: 'beside', args: ['-C', '../here'] }, true],
    ['resume -C ../beside', { cwd: 'beside' }, true],
    ['resume', { args: ['--cd=../beside'] }, false],
    ['resume', { mode: 'exec' }, false],
    ['resume', { isGone: true }, false],
    // No list is asked for, or perhaps none.
    [`resume ${ID}`, {}, false],
    ['resume a-name', {}, false],
    ['resume --last', {}, false],
    ['resume --unknown word', {}, false],
    ['exec resume', {}, false],
    ['', {}, false],
    ['hello', {}, false],
  ])('codex %s, %j: %s', async (words, spec, isOurs) => {
    makeThread(spec);
    expect((await resume(words)).opened).toHaveLength(isOurs ? 1 : 0);
  });

  it('shows what Codex would show, of all accounts', async () => {
    makeThread({});
    const { opened } = await resume('resume');
    expect(opened).toMatchObject([
      { directory: join(home, 'here'), everywhere: false, everySource: false, verb: 'Resume' },
    ]);
    expect((await resume('resume --all --include-non-interactive')).opened).toMatchObject([
      { everywhere: true, everySource: true },
    ]);
    expect((await resume('fork')).opened).toMatchObject([{ verb: 'Fork' }]);
  });

  it('a thread is opened by its id, under the flags and its own account', async () => {
    makeThread({});
    const chosen = await resume('-m x resume --all -s read-only');
    expect(chosen.words).toBe(`-m x resume -s read-only -- ${ID}`);
    expect(chosen.choice.wanted).toEqual({ kind: 'preferred', target: 'acc1' });
  });

  it.each<[PickedThread, string]>([
    [{ kind: 'own-list' }, '-m x resume --all -s read-only'],
    [{ kind: 'none' }, '-m x resume --all -s read-only'],
    [{ kind: 'new-thread' }, '-m x -s read-only'],
  ])('%j', async (picked, words) => {
    makeThread({});
    const chosen = await resume('-m x resume --all -s read-only', picked);
    expect(chosen.words).toBe(words);
    expect(parseArgv(words.split(' '))).toEqual(chosen.choice.invocation);
    expect(chosen.choice.hasLeft).toBeUndefined();
  });

  it('nothing is started after Ctrl-C', async () => {
    makeThread({});
    expect((await resume('resume', { kind: 'left' })).choice.hasLeft).toBe(true);
  });
});

describe('the work on a thread went on in a copy', () => {
  const COPY = '01a21c8d-4828-7c00-b2ab-ee74988ab049';

  function copyThread(): void {
    makeThread({ by: 'acc1', mode: 'exec' });
    const [from, rollout] = ['2026-11-21T04:00:00.000Z', join(home, 'copy.jsonl')];
    writeFileSync(rollout, `${sessionMeta({ id: COPY })}\n`);
    const of = { target: 'acc2', identity: identityOf('acc2'), from, thread: ID };
    writeLaunch(resolvePaths({}, home), {
      ...{ version: 1, launch: '20261121T040000000Z-1', state: 'ended', pid: 1, startedAt: from },
      ...{ cwd: join(home, 'here'), args: [], mode: 'exec' },
      segments: [
        { ...of, rollout: join(home, 'rollout.jsonl') },
        { ...of, from: '2026-11-21T04:00:01.000Z', thread: COPY, copyOf: ID, rollout },
      ],
    });
  }

  // A client of --json is told the id of the original. All others are told the id of the copy.
  it.each([
    [`exec --json resume ${ID} go-on`, `exec --json resume -- ${COPY} go-on`, 'acc2'],
    [`exec resume ${ID} -`, `exec resume ${ID} -`, 'acc1'],
    [
      `exec resume ${ID} --experimental-json -m x`,
      `exec resume --experimental-json -m x -- ${COPY}`,
      'acc2',
    ],
    [`exec --json fork ${ID} go-on`, `exec --json fork -- ${COPY} go-on`, 'acc2'],
    [`exec --json resume ${COPY} go-on`, `exec --json resume ${COPY} go-on`, 'acc2'],
    [`resume ${ID}`, `resume ${ID}`, 'acc1'],
  ])('%s', async (typed, words, target) => {
    copyThread();
    const resumed = await resume(typed);
    expect(resumed.words).toBe(words);
    expect(resumed.choice.wanted).toEqual({ kind: 'preferred', target });
  });
});
