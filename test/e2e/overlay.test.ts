import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findEntryPolicy } from '../../src/codex/home-table.ts';
import { type AdoptReport, adoptSlot } from '../../src/overlay/adopt.ts';
import { furnishSlot } from '../../src/overlay/furnish.ts';
import { foldHookTrust, hookTrustOverride } from '../../src/overlay/hook-trust.ts';
import { leaseSlot, releaseSlot } from '../../src/overlay/lease.ts';
import { pointAuth } from '../../src/overlay/point-auth.ts';
import type { Slot } from '../../src/overlay/slot.ts';
import { purgeSlots } from '../../src/overlay/sweep.ts';
import { type Paths, resolvePaths } from '../../src/state/paths.ts';
import { ownIdentity } from '../../src/state/process-identity.ts';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { ask } from '../lab/composer.ts';
import { trustAllHooks } from '../lab/dialogs.ts';
import { type OuterTerminal, openOuterTerminal } from '../lab/outer-terminal.ts';
import { describeWhere } from '../lab/playable.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { makeSandbox, type Sandbox } from '../lab/sandbox.ts';

// What the overlay relies on, with the real Codex in it (facts 11, 30, 32, 33).

const disposals: (() => unknown)[] = [];
afterEach(async () => {
  for (const dispose of disposals.splice(0).reverse()) await dispose();
});

interface Lab {
  backend: Backend;
  sandbox: Sandbox;
  paths: Paths;
  slot: Slot;
  vaultFile: string;
  /** The environment of a child in the slot. */
  env: Record<string, string>;
  /** Adopts and releases, as at the end of a session. */
  close(): AdoptReport;
}

async function openLab({ expiresInSeconds }: { expiresInSeconds?: number } = {}): Promise<Lab> {
  const backend = await startBackend({ accounts: [{ name: 'acc1' }, { name: 'acc2' }] });
  disposals.push(backend.close);
  const sandbox = await makeSandbox({ backend });
  disposals.push(sandbox.dispose);
  const life = expiresInSeconds === undefined ? {} : { expiresInSeconds };
  const vaultFile = await sandbox.writeVault('acc2', life);
  await sandbox.writeVault('acc1', { directory: sandbox.codexHome });
  const paths = resolvePaths({}, sandbox.home);
  const slot = leaseSlot(paths, paths.sharedHome, ownIdentity());
  furnishSlot(slot);
  pointAuth(slot, vaultFile);
  const env = { ...sandbox.env, CODEX_HOME: slot.home, CODEX_SQLITE_HOME: slot.sharedHome };
  const close = () => {
    const vaults = [{ name: 'acc2', authFile: vaultFile }];
    const report = adoptSlot(slot, { vaults, orphansDir: paths.orphansDir, now: new Date() });
    releaseSlot(slot);
    return report;
  };
  return { backend, sandbox, paths, slot, vaultFile, env, close };
}

function openCodex(
  { sandbox }: Lab,
  env: Record<string, string>,
  args: string[] = [],
): OuterTerminal {
  const daemon = codexUnderTest.hasNoDaemon ? ['--no-daemon'] : [];
  const file = codexUnderTest.launcher;
  const terminal = openOuterTerminal({ file, args: [...args, ...daemon], env, cwd: sandbox.work });
  disposals.push(terminal.dispose);
  return terminal;
}

async function quit(terminal: OuterTerminal): Promise<void> {
  terminal.type('/quit');
  await terminal.waitForText('/quit');
  terminal.press('enter');
  await terminal.waitForExit();
}

describe('a session in an overlay', () => {
  it('leaves its thread in the shared home; nothing has drifted; plain codex resumes it', async () => {
    const lab = await openLab();
    const { backend, sandbox, slot, paths } = lab;
    const terminal = openCodex(lab, lab.env);
    await ask(terminal, 'first question');
    await terminal.waitForText('answer 1 from acc2');
    await quit(terminal);

    // In a home that Codex has not seen before it makes a few small files by rename; they move over.
    const { adopted, problems } = lab.close();
    expect(problems).toEqual([]);
    expect(adopted.filter(({ outcome }) => outcome !== 'new')).toEqual([]);
    const real = readdirSync(slot.home).filter(
      (name) => !lstatSync(join(slot.home, name)).isSymbolicLink(),
    );
    expect(real.filter((name) => findEntryPolicy(name) !== 'private')).toEqual([]);
    expect(readdirSync(slot.sharedHome)).not.toContain('packages');
    const [rollout] = readRollouts(slot.sharedHome);
    const id = rollout?.threadId as string;

    const resumed = await sandbox.run('codex', ['exec', 'resume', id, 'second question']);
    expect(resumed).toMatchObject({ status: 0, stdout: 'answer 1 from acc1\n' });
    expect(JSON.stringify(backend.turns('acc1').at(-1))).toContain('first question');

    // As does the TUI, and after the slot was shrunk to a link.
    const options = { vaults: [], orphansDir: paths.orphansDir, now: new Date() };
    const { purged } = await purgeSlots(paths, ownIdentity(), options);
    expect(purged).toHaveLength(1);
    const plain = openCodex(lab, sandbox.env, ['resume', id]);
    await plain.waitForText('first question');
    await ask(plain, 'third question');
    await plain.waitForText('answer 2 from acc1');
  });

  it('writes a refreshed token into the vault, through the link', async () => {
    // 0.130 refreshes a token that has ended, later ones in its last 5 minutes.
    const lab = await openLab({ expiresInSeconds: codexUnderTest.isAtLeast('0.144.0') ? 60 : -1 });
    const { sandbox, slot, vaultFile } = lab;
    const before = readFileSync(vaultFile, 'utf8');
    const result = await sandbox.run('codex', ['exec', 'hello'], { env: lab.env });
    expect(result.status).toBe(0);
    expect(readFileSync(vaultFile, 'utf8')).not.toBe(before);
    expect(readlinkSync(join(slot.home, 'auth.json'))).toBe(vaultFile);
    expect(lab.close().auth).toBeUndefined();
  });

  it('nothing drifts in a home that is in use', async () => {
    const lab = await openLab();
    for (const env of [lab.sandbox.env, lab.env]) {
      const terminal = openCodex(lab, env);
      await ask(terminal, 'hello');
      await terminal.waitForText('answer 1 from');
      await quit(terminal);
      furnishSlot(lab.slot);
    }
    expect(lab.close()).toEqual({ adopted: [], problems: [] });
  });

  it('a login inside it goes to the vault of its account', async () => {
    const lab = await openLab();
    const { backend, slot, vaultFile } = lab;
    // As an older Codex or a logout and login leaves it: a file in the place of the link.
    const fresh = {
      ...backend.forgeAuth('acc2'),
      last_refresh: new Date(Date.now() + 60_000).toISOString(),
    };
    rmSync(join(slot.home, 'auth.json'));
    writeFileSync(join(slot.home, 'auth.json'), JSON.stringify(fresh));
    expect(lab.close().auth).toEqual({ kind: 'vaulted', vault: 'acc2' });
    const shared = join(slot.sharedHome, 'auth.json');
    expect(readlinkSync(join(slot.home, 'auth.json'))).toBe(shared);
    expect(JSON.parse(readFileSync(vaultFile, 'utf8'))).toEqual(fresh);
  });
});

describeWhere(codexUnderTest.hasNoDaemon, 'measured from there on only')('hooks', () => {
  async function openHookLab() {
    const lab = await openLab();
    const log = join(lab.sandbox.home, 'hooks.log');
    const hook = (event: string, word: string) =>
      `\n[[hooks.${event}]]\n[[hooks.${event}.hooks]]\ntype = "command"\ncommand = "echo ${word} >> ${log}"\n`;
    const config = join(lab.sandbox.codexHome, 'config.toml');
    appendFileSync(config, hook('SessionStart', 'user'));
    mkdirSync(join(lab.sandbox.work, '.codex'));
    const project = {
      SessionStart: [{ hooks: [{ type: 'command', command: `echo project >> ${log}` }] }],
    };
    writeFileSync(
      join(lab.sandbox.work, '.codex', 'hooks.json'),
      JSON.stringify({ hooks: project }),
    );
    writeFileSync(log, '');
    const ran = () => {
      const words = readFileSync(log, 'utf8').split('\n').filter(Boolean).sort();
      writeFileSync(log, '');
      return words;
    };
    return { ...lab, hook, config, ran };
  }

  it('trusted in the shared home run without a question; project hooks keep their trust', async () => {
    const lab = await openHookLab();
    const plain = openCodex(lab, lab.sandbox.env);
    await trustAllHooks(plain, lab.sandbox);
    await ask(plain, 'hello');
    await plain.waitForText('answer 1');
    await quit(plain);
    expect(lab.ran()).toEqual(['project', 'user']);

    const value = await hookTrustOverride(lab.slot);
    const carried = openCodex(lab, lab.env, ['-c', `hooks.state=${value}`]);
    await ask(carried, 'hello');
    await carried.waitForText('answer 1 from acc2');
    await quit(carried);
    expect(carried.scrollback().join('\n')).not.toContain('need review');
    expect(lab.ran()).toEqual(['project', 'user']);
  });

  it('trusted inside a session are trusted everywhere', async () => {
    const lab = await openHookLab();
    const inside = openCodex(lab, lab.env);
    await trustAllHooks(inside, lab.sandbox);
    await ask(inside, 'hello');
    await inside.waitForText('answer 1');
    await quit(inside);
    expect(readFileSync(lab.config, 'utf8')).toContain(lab.slot.home);

    expect(await foldHookTrust(lab.slot)).toEqual(['config.toml:session_start:0:0']);
    expect(readFileSync(lab.config, 'utf8')).not.toContain(lab.slot.home);
    lab.ran();
    const plain = openCodex(lab, lab.sandbox.env);
    await ask(plain, 'hello');
    await plain.waitForText('answer 1 from acc1');
    await quit(plain);
    expect(lab.ran()).toEqual(['project', 'user']);
  });
});
