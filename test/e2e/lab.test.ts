import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { proveLimit } from '../../src/codex/limit-proof.ts';
import type { LimitKind } from '../../src/codex/limits.ts';
import { readRolloutFacts } from '../../src/codex/rollout-file.ts';
import { askAppServer } from '../lab/app-server.ts';
import {
  type Backend,
  type BackendOptions,
  type FailureKind,
  startBackend,
  type Transport,
} from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask } from '../lab/composer.ts';
import { type OuterTerminal, openOuterTerminal } from '../lab/outer-terminal.ts';
import { itWhere, tellWhere } from '../lab/playable.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { makeSandbox, type Sandbox, type SandboxOptions } from '../lab/sandbox.ts';

// The lab against the real Codex: what these tests hold, every other real-Codex test builds on.

const disposals: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

async function openLab(
  backendOptions: BackendOptions,
  sandboxOptions: SandboxOptions = {},
): Promise<{ backend: Backend; sandbox: Sandbox }> {
  const backend = await startBackend(backendOptions);
  disposals.push(backend.close);
  const sandbox = await makeSandbox({ backend, login: 'acc1', ...sandboxOptions });
  disposals.push(sandbox.dispose);
  return { backend, sandbox };
}

function openCodex(sandbox: Sandbox, args: string[] = []): OuterTerminal {
  const { env, work, realBin } = sandbox;
  const daemon = codexUnderTest.hasNoDaemon ? ['--no-daemon'] : [];
  const file = join(realBin, 'codex');
  const terminal = openOuterTerminal({ file, args: [...args, ...daemon], env, cwd: work });
  disposals.push(terminal.dispose);
  return terminal;
}

const LIMIT = /You.ve hit your usage limit/;

const tellsWorkspaceLimits = tellWhere(
  codexUnderTest.isAtLeast('0.150.0'),
  'it does not tell of a workspace’s limit by the header and the record',
);
// 0.130 does not know the header yet and says what the plan makes it say.
const WORKSPACE_LIMITS: [FailureKind, RegExp, LimitKind][] = [
  [
    'workspace-owner-credits',
    /Your workspace is out of credits. Add credits to continue/,
    'workspace-credits',
  ],
  [
    'workspace-member-credits',
    /out of credits. Ask your workspace owner to refill/,
    'workspace-credits',
  ],
  ['workspace-owner-spend-cap', /You hit your spend cap set in your workspace/, 'spend-cap'],
  [
    'workspace-member-spend-cap',
    /You hit your spend cap set by the owner of your workspace/,
    'spend-cap',
  ],
];

/** What a record of the time before errors were recorded proves is in test/unit. */
async function expectRecorded({ codexHome }: Sandbox, kind: LimitKind | undefined): Promise<void> {
  if (!codexUnderTest.isAtLeast('0.150.0')) return;
  const { facts } = await readRolloutFacts(readRollouts(codexHome)[0]?.file ?? '');
  const question = { facts, startedAtMs: 0, seenTurnIds: new Set<string>(), sawText: false };
  expect(proveLimit(question)?.kind).toBe(kind);
}

describe.each<Transport>(['websocket', 'sse'])('codex exec over %s', (transport) => {
  it('gets an answer, and the backend sees the prompt and the account', async () => {
    const { backend, sandbox } = await openLab({ transport, accounts: [{ name: 'acc1' }] });
    const result = await sandbox.run('codex', ['exec', 'a first question']);
    expect(result).toMatchObject({ status: 0, stdout: 'answer 1 from acc1\n' });
    expect(backend.turns()).toHaveLength(1);
    expect(backend.turns()[0]).toMatchObject({
      transport,
      account: 'acc1',
      turn: { userTexts: ['a first question'] },
    });
    const [rollout] = readRollouts(sandbox.codexHome);
    expect(rollout?.events('token_count').at(-1)).toMatchObject({
      rate_limits: { primary: { used_percent: 25 }, secondary: { window_minutes: 10_080 } },
    });
  });

  it('hits a limit: exit 1, and the rollout says which (fact 68)', async () => {
    const resetsAt = Math.floor(Date.now() / 1000) + 7200;
    const { sandbox } = await openLab({
      transport,
      accounts: [{ name: 'acc1', turnsLeft: 0, resetsAt }],
    });
    const result = await sandbox.run('codex', ['exec', 'a question too many']);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(new RegExp(`ERROR: ${LIMIT.source}`));
    const [rollout] = readRollouts(sandbox.codexHome);
    expect(rollout?.events('token_count').at(-1)).toMatchObject({
      rate_limits: { primary: { used_percent: 100, window_minutes: 300, resets_at: resetsAt } },
    });
    const complete = rollout?.events('task_complete').at(-1);
    expect(complete).toBeDefined();
    if (codexUnderTest.isAtLeast('0.150.0')) {
      expect(complete).toMatchObject({ error: { codex_error_info: 'usage_limit_exceeded' } });
    } else {
      expect(complete?.error ?? undefined).toBeUndefined();
    }
  });

  it('resumes by id under another account, with the whole conversation (fact 59)', async () => {
    const { backend, sandbox } = await openLab({
      transport,
      accounts: [{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }],
    });
    await sandbox.run('codex', ['exec', 'first']);
    expect((await sandbox.run('codex', ['exec', 'resume', '--last', 'second'])).status).toBe(1);
    const threadId = readRollouts(sandbox.codexHome)[0]?.threadId ?? '';
    await sandbox.writeVault('acc2', { directory: sandbox.codexHome });
    const result = await sandbox.run('codex', ['exec', 'resume', threadId, 'continue']);
    expect(result).toMatchObject({ status: 0, stdout: 'answer 1 from acc2\n' });
    const [turn] = backend.turns('acc2');
    expect(turn?.turn?.userTexts).toEqual(['first', 'second', 'continue']);
    expect(turn?.turn?.texts).toContain('answer 1 from acc1');
  });

  it('runs a command and a patch the model asked for', async () => {
    const { backend, sandbox } = await openLab({ transport, accounts: [{ name: 'acc1' }] });
    const patch = '*** Begin Patch\n*** Add File: made.txt\n+by a patch\n*** End Patch';
    backend.enqueue([
      { calls: [{ kind: 'shell', command: 'echo by-$((40 + 2))' }] },
      { calls: [{ kind: 'apply_patch', patch }] },
    ]);
    const args = ['exec', '--dangerously-bypass-approvals-and-sandbox', 'work'];
    const result = await sandbox.run('codex', args);
    expect(result).toMatchObject({ status: 0, stdout: 'answer 3 from acc1\n' });
    expect(backend.turns()[1]?.turn?.texts.join('\n')).toContain('by-42');
    expect(await readFile(join(sandbox.work, 'made.txt'), 'utf8')).toBe('by a patch\n');
  });

  it('gets over an error of the server by asking again', async () => {
    const { backend, sandbox } = await openLab({ transport, accounts: [{ name: 'acc1' }] });
    backend.enqueue([{ failure: 'server-error' }, { failure: 'dropped-stream' }]);
    const result = await sandbox.run('codex', ['exec', 'hello']);
    expect(result).toMatchObject({ status: 0, stdout: 'answer 1 from acc1\n' });
  });

  it.each<[FailureKind, RegExp, LimitKind]>([
    [
      'named-bucket',
      /hit your usage limit for GPT-5.3-Codex-Spark. Switch to another model now/,
      'model-bucket',
    ],
    [
      'promo',
      /hit your usage limit. Start a free trial of Pro at \S+, or try again at/,
      'window-5h',
    ],
    ...(tellsWorkspaceLimits ? WORKSPACE_LIMITS : []),
  ])('says of %s what the headers tell it, and records it (fact 70)', async (limit, text, kind) => {
    const { sandbox } = await openLab({
      transport,
      accounts: [{ name: 'acc1', turnsLeft: 0, limit }],
    });
    const result = await sandbox.run('codex', ['exec', 'hello']);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(text);
    await expectRecorded(sandbox, kind);
  });
});

describe('codex exec', () => {
  it.each<[FailureKind, string, RegExp, LimitKind?]>([
    [
      'usage-limit',
      'plus',
      /hit your usage limit. Upgrade to Pro \(\S+\), visit \S+ to purchase/,
      'window-5h',
    ],
    [
      'usage-limit',
      'team',
      /hit your usage limit. To get more access now, send a request to your/,
      'window-5h',
    ],
    [
      'usage-limit',
      'free',
      /hit your usage limit. Upgrade to Plus to continue using Codex/,
      'window-5h',
    ],
    [
      'usage-limit',
      'pro',
      /hit your usage limit. Visit \S+ to purchase more credits or try again/,
      'window-5h',
    ],
    ['usage-limit', 'enterprise', /hit your usage limit. Try again at/, 'window-5h'],
    [
      'insufficient-quota',
      'plus',
      /Quota exceeded. Check your plan and billing details/,
      'api-quota',
    ],
    [
      'usage-not-included',
      'plus',
      /To use Codex with your ChatGPT plan, upgrade to Plus/,
      'not-in-plan',
    ],
    ['capacity', 'plus', /Selected model is at capacity. Please try a different model/],
    ['too-many-requests', 'plus', /exceeded retry limit, last status: 429 Too Many Requests/],
  ])(
    'says of %s on %s what it is told, and records it (fact 70)',
    async (limit, plan, text, kind) => {
      const { sandbox } = await openLab({
        accounts: [{ name: 'acc1', turnsLeft: 0, limit, plan }],
      });
      const result = await sandbox.run('codex', ['exec', 'hello']);
      expect(result.status).toBe(1);
      expect(result.stderr).toMatch(text);
      await expectRecorded(sandbox, kind);
    },
  );
});

describe('the TUI in an outer terminal', () => {
  it('answers, then shows the limit as a red cell', async () => {
    const { sandbox } = await openLab({ accounts: [{ name: 'acc1', turnsLeft: 1 }] });
    const terminal = openCodex(sandbox);
    await ask(terminal, 'a first question');
    await terminal.waitForText('answer 1 from acc1');
    await ask(terminal, 'a question too many');
    await terminal.waitForText(new RegExp(`■ ${LIMIT.source}`));
    const row = terminal.screen().findIndex((line) => line.startsWith('■'));
    expect(terminal.cells()[row]?.[2]).toMatchObject({ text: 'Y', foreground: '1' });
  });

  it('shows a message growing while its turn is kept open', async () => {
    const { backend, sandbox } = await openLab({ accounts: [{ name: 'acc1' }] });
    let finish = () => {};
    const until = new Promise<void>((resolve) => {
      finish = resolve;
    });
    backend.enqueue({ text: ['the first line\n\n', 'and the end'], until });
    const terminal = openCodex(sandbox);
    await ask(terminal, 'slowly please');
    await terminal.waitForText('the first line');
    expect(terminal.screen().join('\n')).not.toContain('and the end');
    finish();
    await terminal.waitForText('and the end');
    await backend.waitForRequest((request) => request.outcome?.kind === 'answered');
  });
});

// Newer versions refresh in the last five minutes (fact 14), 0.130 when the token has ended.
const soonToRefresh = codexUnderTest.isAtLeast('0.150.0') ? 120 : -60;

describe('accounts', () => {
  it('are logged in by device-auth', async () => {
    const { backend, sandbox } = await openLab({
      accounts: [{ name: 'acc1' }, { name: 'new', email: 'new@example.com' }],
    });
    const home = join(sandbox.home, 'fresh');
    await sandbox.run('mkdir', [home]);
    backend.expectLogin('new', { pendingPolls: 1 });
    const args = ['login', '--device-auth', '--experimental_issuer', backend.origin];
    const result = await sandbox.run('codex', args, { env: { CODEX_HOME: home } });
    expect(result.status).toBe(0);
    expect(result.stdout + result.stderr).toContain(backend.userCodes[0]);
    const auth = JSON.parse(await readFile(join(home, 'auth.json'), 'utf8'));
    expect(auth.tokens.account_id).toBe('workspace-new');
    expect(backend.tokens.all()).toContain(auth.tokens.access_token);
  });

  it('refresh a token that is about to end, once', async () => {
    const { backend, sandbox } = await openLab({ accounts: [{ name: 'acc1' }] });
    const file = await sandbox.writeVault('acc1', {
      directory: sandbox.codexHome,
      expiresInSeconds: soonToRefresh,
    });
    const before = JSON.parse(await readFile(file, 'utf8'));
    expect((await sandbox.run('codex', ['exec', 'hello'])).status).toBe(0);
    const after = JSON.parse(await readFile(file, 'utf8'));
    expect(after.tokens.refresh_token).not.toBe(before.tokens.refresh_token);
    expect(backend.tokens.counts).toEqual({ refreshes: 1, reuses: 0, revocations: 0 });
  });

  it('tell who they are and how much is used (fact 93)', async () => {
    const resetsAt = Math.floor(Date.now() / 1000) + 7200;
    const { sandbox } = await openLab({
      accounts: [{ name: 'acc1', plan: 'pro', turnsLeft: 0, exhaustedWindow: 'weekly', resetsAt }],
    });
    const account = { type: 'chatgpt', email: 'acc1@example.com', planType: 'pro' };
    expect(await askAppServer(sandbox, 'account/read', { refreshToken: false })).toMatchObject({
      account,
    });
    expect(await askAppServer(sandbox, 'account/rateLimits/read', undefined)).toMatchObject({
      rateLimits: {
        primary: { usedPercent: 25, windowDurationMins: 300 },
        secondary: { usedPercent: 100, windowDurationMins: 10_080, resetsAt },
      },
    });
  });

  it('refresh when the app-server is asked to (fact 94)', async () => {
    const { backend, sandbox } = await openLab({ accounts: [{ name: 'acc1' }] });
    await askAppServer(sandbox, 'account/read', { refreshToken: true });
    expect(backend.tokens.counts.refreshes).toBe(1);
  });

  // 0.130 and older leave the first account alone.
  const revokesAtLogin = codexUnderTest.isAtLeast('0.150.0');
  itWhere(revokesAtLogin, 'its login revokes nothing')(
    'are revoked by a second login in the same home (fact 21)',
    async () => {
      const { backend, sandbox } = await openLab({
        accounts: [{ name: 'acc1' }, { name: 'acc2' }],
      });
      backend.expectLogin('acc2');
      const args = ['login', '--device-auth', '--experimental_issuer', backend.origin];
      expect((await sandbox.run('codex', args)).status).toBe(0);
      const revoked = backend.requests.findIndex(({ route }) => route === 'revoke');
      const started = backend.requests.findIndex(({ route }) => route === 'device-usercode');
      expect(backend.tokens.counts.revocations).toBe(1);
      expect(revoked).toBeLessThan(started);
    },
  );

  it('are usable again when their window opens', async () => {
    const { backend, sandbox } = await openLab({ accounts: [{ name: 'acc1', turnsLeft: 0 }] });
    expect((await sandbox.run('codex', ['exec', 'hello'])).status).toBe(1);
    backend.account('acc1').resetsAt = Math.floor(Date.now() / 1000);
    expect((await sandbox.run('codex', ['exec', 'hello'])).status).toBe(0);
  });

  it('lose the whole family when a refresh token is used twice', async () => {
    const { backend, sandbox } = await openLab({ accounts: [{ name: 'acc1' }] });
    const file = await sandbox.writeVault('acc1', {
      directory: sandbox.codexHome,
      expiresInSeconds: soonToRefresh,
    });
    const copy = await readFile(file, 'utf8');
    expect((await sandbox.run('codex', ['exec', 'hello'])).status).toBe(0);
    const refreshed = await readFile(file, 'utf8');

    await writeFile(file, copy); // what a tool that copies auth.json about does
    const second = await sandbox.run('codex', ['exec', 'hello']);
    expect(second.status).toBe(1);
    expect(second.stderr).toContain('your refresh token was already used');
    expect(backend.tokens.counts).toMatchObject({ refreshes: 1, revocations: 1 });

    await writeFile(file, refreshed); // the good copy is dead too
    expect((await sandbox.run('codex', ['exec', 'hello'])).status).toBe(1);
  });

  it.each(['accept', 'refuse'] as const)('%s the reasoning of another account', async (mode) => {
    const { backend, sandbox } = await openLab({
      foreignReasoning: mode,
      accounts: [{ name: 'acc1' }, { name: 'acc2' }],
    });
    await sandbox.run('codex', ['exec', 'first']);
    const threadId = readRollouts(sandbox.codexHome)[0]?.threadId ?? '';
    await sandbox.writeVault('acc2', { directory: sandbox.codexHome });
    const result = await sandbox.run('codex', ['exec', 'resume', threadId, 'second']);
    expect(result.status).toBe(mode === 'accept' ? 0 : 1);
    if (mode === 'refuse') expect(result.stderr).toContain('invalid_encrypted_content');
    expect(backend.turns('acc2').at(-1)?.outcome).toMatchObject(
      mode === 'accept'
        ? { kind: 'answered' }
        : { kind: 'failed', failure: 'invalid-encrypted-content' },
    );
  });
});

describe('the sandbox', () => {
  it('keeps the environment of the tests out', async () => {
    const { sandbox } = await openLab({ accounts: [{ name: 'acc1' }] });
    const { stdout } = await sandbox.run('env', []);
    const names = stdout.split('\n').map((line) => line.split('=')[0]);
    expect(names.filter((name) => /^(VITEST|npm_|NODE_|XDG_|CODEX_HOME)/.test(name ?? ''))).toEqual(
      [],
    );
  });

  it('says so when a process outlives it', async () => {
    const sandbox = await makeSandbox({ codex: false });
    await sandbox.run('sh', ['-c', 'sleep 300 >/dev/null 2>&1 &']);
    await expect(sandbox.dispose()).rejects.toThrow(/still alive .*\n.*sleep 300/);
  });
});
