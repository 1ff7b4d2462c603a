import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { LIMIT_TEXTS } from '../../src/codex/limit-texts.ts';
import { type FailureKind, NAMED_BUCKET } from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask, waitForComposer } from '../lab/composer.ts';
import type { OuterTerminal } from '../lab/outer-terminal.ts';
import { itSince, tellWhere } from '../lab/playable.ts';
import { createSupervisedLab, type Supervised } from '../lab/supervised.ts';

/** For scenes of a login that is gone. */
const itTells = chooseIt();

// What rotates and what does not, on the real Codex.

const { openLab, close } = createSupervisedLab();
afterEach(close);

/** Earlier ones record no error; only a full window proves a limit there (fact 68). */
const recordsErrors = tellWhere(
  codexUnderTest.isAtLeast('0.150.0'),
  'its record has no error, so nothing proves a limit that fills no window',
);
const SOON = Math.floor(Date.now() / 1000) + 5000;

interface Limit {
  failure: FailureKind;
  mark: Record<string, unknown>;
  needsRecord?: true;
}

/** A window is in handoff.test.ts; what the record says of each kind, in lab.test.ts. */
const LIMITS: Limit[] = [
  {
    failure: 'named-bucket',
    mark: { kind: 'model-bucket', limitName: NAMED_BUCKET.name, until: SOON },
  },
  { failure: 'workspace-owner-credits', mark: { kind: 'workspace-credits' }, needsRecord: true },
  { failure: 'insufficient-quota', mark: { kind: 'api-quota' }, needsRecord: true },
];

describe('a limit rotates, and marks the account with what it was', () => {
  it.each(LIMITS.filter(({ needsRecord }) => recordsErrors || needsRecord === undefined))(
    '$failure',
    async ({ failure, mark }) => {
      const limited = { limit: failure, turnsLeft: 0, resetsAt: SOON } as const;
      const { hotswap } = await openLab([
        { name: 'acc1', id: 'shared', ...limited },
        { name: 'acc2', id: 'shared' },
        { name: 'acc3' },
      ]);
      const terminal = hotswap.open(['hello']);
      // A workspace that is out of credits is so for all its members.
      const isOfWorkspace = failure.startsWith('workspace');
      await terminal.waitForText(`answer 1 from ${isOfWorkspace ? 'acc3' : 'acc2'}`);
      expect(hotswap.account('acc1').marks).toMatchObject([mark]);
      expect(hotswap.eventsOf('rotated')).toHaveLength(1);
    },
  );
});

describe('a login that is gone rotates, and the account needs a new one', () => {
  itTells('before the start', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
    backend.revokeAccount('acc1');
    const terminal = hotswap.open(['hello']);
    await terminal.waitForText('answer 1 from acc2', { timeoutMs: 30_000 });
    expect(hotswap.account('acc1').marks).toMatchObject([{ kind: 'needs-login', until: null }]);
    expect(await hotswap.command('log')).toMatch(/acc1 needs a new login/);
    expect(await hotswap.command('status')).toMatch(/acc1.*needs a new login/);
  });

  // Codex refreshes an old token before it asks for its account, and then as a rule asks for a login.
  const REMOVED = ['nothing behind the link', 'rm "$CODEX_HOME/auth.json"'] as const;
  const REFUSED = [
    'a login that is refused',
    'cp "$HOME/dead/auth.json" "$HOME/.codex-acc1/auth.json"',
  ] as const;
  const refreshesEarly = tellWhere(
    codexUnderTest.isAtLeast('0.144.0'),
    'it refreshes a token only when it has ended, so it does not ask for a login',
  );
  it.each(refreshesEarly ? [REMOVED, REFUSED] : [REMOVED])(
    'Codex stands in its sign-in screen: %s',
    async (_what, trick) => {
      const { backend, hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
      const { sandbox } = hotswap;
      await sandbox.writeVault('acc1', {
        directory: join(sandbox.home, 'dead'),
        expiresInSeconds: 9,
      });
      backend.revokeAccount('acc1');
      const codex = join(sandbox.realBin, 'codex');
      rmSync(codex);
      // At the last moment: an account without a login is not chosen, and an old token is looked at before.
      const script = `#!/bin/sh
case "$*" in *hello) [ -e "$HOME/tricked" ] || { touch "$HOME/tricked"; ${trick}; } ;; esac
exec '${codexUnderTest.launcher}' "$@"
`;
      writeFileSync(codex, script, { mode: 0o755 });
      const terminal = hotswap.open(['hello']);
      await terminal.waitForText('answer 1 from acc2', { timeoutMs: 45_000 });
      // The other is a race still: 0.150 under load may begin the turn that then fails.
      if (trick.startsWith('rm')) expect(terminal.raw().toString()).toContain('Sign in with');
      expect(hotswap.account('acc1').marks).toMatchObject([{ kind: 'needs-login', until: null }]);
      expect(hotswap.eventsOf('rotated')).toMatchObject([{ kind: 'needs-login' }]);
    },
  );

  itTells('when it is the next account’s, its successor takes over', async () => {
    const { backend, hotswap } = await openLab([
      { name: 'acc1', turnsLeft: 1 },
      { name: 'acc2' },
      { name: 'acc3' },
    ]);
    const terminal = hotswap.open();
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from acc1');
    backend.revokeAccount('acc2');
    await ask(terminal, 'two');
    await terminal.waitForText('answer 1 from acc3');
    const texts = backend.turns('acc3').at(-1)?.turn?.userTexts;
    expect(texts?.filter((text) => text !== 'continue')).toEqual(['one', 'two']);
    expect(hotswap.account('acc2').marks).toMatchObject([{ kind: 'needs-login' }]);
  });
});

describe('no limit, no rotation', () => {
  it('too many requests', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
    backend.setScript(() => ({ failure: 'too-many-requests' }));
    const terminal = hotswap.open(['hello']);
    await terminal.waitForText(/■/, { timeoutMs: 45_000 });
    backend.setScript(undefined);
    await expectStillThere(terminal, hotswap);
    expect(backend.turns('acc2')).toEqual([]);
  });

  // Codex tries this again by itself, for half a minute if need be: once is enough.
  it('a dropped stream', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
    backend.enqueue({ failure: 'dropped-stream' });
    const terminal = hotswap.open(['hello']);
    await terminal.waitForText(/answer \d+ from acc1/, { timeoutMs: 45_000 });
    await expectStillThere(terminal, hotswap);
    expect(backend.turns('acc2')).toEqual([]);
  });

  it('a file, a patch and an answer that quote every text with its mark', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
    // The window is full, as it is for an account that goes on with credits.
    backend.account('acc1').usedPercent = 100;
    const quotes = LIMIT_TEXTS.map(({ anchor }) => `■ ${anchor}\n\n`);
    const samples = fileURLToPath(new URL('../unit/codex/limit-samples.ts', import.meta.url));
    const file = join(hotswap.sandbox.work, 'quoted.ts');
    const lines = readFileSync(samples, 'utf8')
      .split('\n')
      .map((line) => `■ ${line}`);
    writeFileSync(file, lines.join('\n'));
    const patch = [
      '*** Begin Patch',
      '*** Add File: patched.ts',
      ...lines.map((line) => `+${line}`),
      '*** End Patch',
    ].join('\n');
    backend.enqueue([
      { calls: [{ kind: 'shell', command: `cat ${file}` }] },
      { calls: [{ kind: 'apply_patch', patch }] },
      { text: [...quotes, 'end of the work'], delayMs: 5 },
    ]);
    const terminal = hotswap.open(['--dangerously-bypass-approvals-and-sandbox', 'work']);
    await terminal.waitForText('end of the work');
    await expectStillThere(terminal, hotswap);
  });

  async function expectStillThere(terminal: OuterTerminal, hotswap: Supervised): Promise<void> {
    await waitForComposer(terminal);
    await ask(terminal, 'still there?');
    await terminal.waitForText(/answer \d+ from acc1/);
    expect(hotswap.eventsOf('confirmed')).toEqual([]);
  }
});

function chooseIt(): typeof it {
  const { isAtLeast } = codexUnderTest;
  if (!isAtLeast('0.150.0')) {
    return itSince(
      '0.150.0',
      'it finds out in its first turn, and the record does not tell why that failed',
    );
  }
  return isAtLeast('0.160.0')
    ? itSince(
        '0.166.0',
        'it ends with “workspace routing discovery unauthorized (401)”, which may pass',
      )
    : it;
}
