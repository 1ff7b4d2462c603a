import { afterEach, describe, expect, it } from 'vitest';
import { parseArgv } from '../../src/codex/argv.ts';
import { parseFeatures } from '../../src/codex/capabilities.ts';
import { listOverrides } from '../../src/launch/overrides.ts';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask } from '../lab/composer.ts';
import { openOuterTerminal } from '../lab/outer-terminal.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { makeSandbox, type Sandbox } from '../lab/sandbox.ts';
import { createSupervisedLab } from '../lab/supervised.ts';

// What every handoff stands on: one account's thread can be resumed by id under another (fact 59). Codex 0.169 carries a
// check that would forbid it, switched off (fact 60).

const LOUD = `

  ==> Codex ${codexUnderTest.version} DOES NOT RESUME ANOTHER ACCOUNT'S THREAD BY ITS ID.
  ==> No handoff can work with it. See what it prints below, and \`codex features list\`: is there a switch like
  ==> cli_resume_account_check that src/launch/overrides.ts must pin? If it cannot be switched off any more, the way
  ==> left is src/codex/portable-copy.ts, with the creator's ids taken out of session_meta.

`;

const { openLab, close } = createSupervisedLab();
const disposals: (() => Promise<void>)[] = [];
afterEach(async () => {
  await close();
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

/** A plain home that acc2 is logged in to, with a thread that acc1 began. */
async function leaveThread(): Promise<{ backend: Backend; box: Sandbox; threadId: string }> {
  const backend = await startBackend({ accounts: [{ name: 'acc1' }, { name: 'acc2' }] });
  disposals.push(backend.close);
  const box = await makeSandbox({ backend, login: 'acc1' });
  disposals.push(box.dispose);
  expect(await box.run('codex', ['exec', 'of the first']), 'a turn').toMatchObject({ status: 0 });
  await box.writeVault('acc2', { directory: box.codexHome });
  const threadId = readRollouts(box.codexHome)[0]?.threadId as string;
  return { backend, box, threadId };
}

const features = async (box: Sandbox) =>
  parseFeatures((await box.run('codex', ['features', 'list'])).stdout);

/** The settings that every supervised session is started with. */
async function pins(box: Sandbox, args: string[]): Promise<string[]> {
  const invocation = parseArgv(args);
  if (invocation.mode === 'passthrough') throw new Error('not a session');
  return listOverrides({
    capabilities: {
      noDaemon: codexUnderTest.hasNoDaemon,
      features: await features(box),
    },
    invocation,
    configText: '',
    store: undefined,
    hookTrust: undefined,
  });
}

describe('a thread of another account', () => {
  it('is resumed by `exec resume <id>`', async () => {
    const { backend, box, threadId } = await leaveThread();
    const args = ['exec', 'resume', threadId, 'of the second'];
    const ran = await box.run('codex', [...(await pins(box, args)), ...args]);
    expect(ran.status, `${LOUD}${ran.stdout}${ran.stderr}`).toBe(0);
    expect(backend.turns('acc2').at(-1)?.turn, LOUD).toMatchObject({
      threadId,
      userTexts: ['of the first', 'of the second'],
    });
  });

  it('is resumed by `resume <id>`', async () => {
    const { backend, box, threadId } = await leaveThread();
    const args = ['resume', threadId];
    const terminal = openOuterTerminal({
      file: codexUnderTest.native,
      args: [...(await pins(box, args)), ...args],
      env: box.env,
      cwd: box.work,
    });
    disposals.push(terminal.dispose);
    const resumed = ask(terminal, 'of the second').then(() =>
      terminal.waitForText('answer 1 from acc2'),
    );
    await expect(resumed, LOUD).resolves.toBeUndefined();
    expect(backend.turns('acc2').at(-1)?.turn, LOUD).toMatchObject({
      threadId,
      userTexts: ['of the first', 'of the second'],
    });
  });

  it('also where the configuration asks for the check that forbids it', async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }]);
    const { sandbox } = hotswap;
    const known = 'cli_resume_account_check' in (await features(sandbox));
    if (known) await sandbox.run('codex', ['features', 'enable', 'cli_resume_account_check']);
    const terminal = hotswap.open();
    await ask(terminal, 'before');
    await terminal.waitForText('answer 1 from acc1');
    await ask(terminal, 'after');
    await terminal.waitForText('answer 1 from acc2');
    expect(backend.turns('acc2').at(-1)?.turn?.userTexts).toEqual(['before', 'after', 'continue']);
    const [rollout] = readRollouts(sandbox.codexHome);
    if (!known) return;
    // Bare Codex with the same configuration refuses: the pin is needed, and works.
    await sandbox.writeVault('acc2', { directory: sandbox.codexHome });
    const bare = await sandbox.run('codex', ['exec', 'resume', rollout?.threadId ?? '', 'bare']);
    expect(bare.status).toBe(1);
    expect(bare.stderr).toContain('created with a different ChatGPT account');
  });
});
