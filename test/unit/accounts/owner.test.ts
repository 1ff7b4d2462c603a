import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordIdentity, writeAccountState } from '../../../src/accounts/account-state.ts';
import { installLogin } from '../../../src/accounts/install-login.ts';
import { findOwner, findVault, holdsForeignLogin, ownerOf } from '../../../src/accounts/owner.ts';
import { listVaults, readTargets } from '../../../src/accounts/target-snapshot.ts';
import { authFileOf } from '../../../src/accounts/vault.ts';
import { importCommand } from '../../../src/cli/accounts/import.ts';
import { reportTarget } from '../../../src/cli/look/target-report.ts';
import { leaseSlot } from '../../../src/overlay/lease.ts';
import { pointAuth } from '../../../src/overlay/point-auth.ts';
import { CONFIG_DEFAULTS, type Config, type Target } from '../../../src/state/config.ts';
import { updateConfig } from '../../../src/state/config-store.ts';
import { ensurePrivateDir } from '../../../src/state/files.ts';
import { ownIdentity } from '../../../src/state/process-identity.ts';
import { run } from '../../exhaustive/login-operations.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

const NOW = new Date('2026-11-21T03:00:00Z');
const identityOf = (user: string) => ({ userId: user, accountId: `w-${user}` });
const loginOf = (user: string, issuedAt = 1_790_000_000) =>
  forgeAuth({ user, account: `w-${user}`, issuedAt });

/** Targets, each with the account on record and the account whose login its vault holds; '' for none. */
function makeTargets(targets: Record<string, { record: string; vault: string }>) {
  const paths = makeScratchHome();
  const config: Config = {
    version: 1,
    targets: Object.keys(targets).map((name) => {
      return { name, vault: join(paths.home, `.codex-${name}`), enabled: true };
    }),
    rules: [],
    ...CONFIG_DEFAULTS,
  };
  for (const target of config.targets) {
    const { record, vault } = targets[target.name] as { record: string; vault: string };
    ensurePrivateDir(target.vault);
    if (record !== '') recordIdentity(paths, target.name, identityOf(record));
    if (vault !== '') writeFileSync(authFileOf(target), loginOf(vault), { mode: 0o600 });
  }
  const read = () => readTargets(paths, config);
  const install = (name: string, user: string, replaceAccount = false) => {
    const target = config.targets.find((known) => known.name === name);
    if (target === undefined) throw new Error(`there is no ${name}`);
    const authContent = loginOf(user, 1_795_000_000);
    return installLogin({ paths, config, snapshots: read(), target, authContent, replaceAccount });
  };
  return { paths, config, read, install };
}

test.each([
  ['what a vault holds, where nothing is on record', '', 'a', 'a', false],
  ['what is on record, where the vault is empty', 'a', '', 'a', false],
  ['both, where they agree', 'a', 'a', 'a', false],
  ['what is on record, where the vault holds a foreign login', 'a', 'b', 'a', true],
  ['nobody’s, where there is neither', '', '', undefined, false],
])('a target is %s', (_what, record, vault, owner, isForeign) => {
  const targets = makeTargets({ t: { record, vault } }).read();
  const [target] = targets;
  if (target === undefined) throw new Error('no target');
  expect(ownerOf(target)?.userId).toBe(owner);
  expect(holdsForeignLogin(target)).toBe(isForeign);
  for (const user of ['a', 'b']) {
    const expected = user === owner ? 't' : undefined;
    expect(findOwner(targets, identityOf(user))?.target.name).toBe(expected);
    expect(findVault(identityOf(user), listVaults(targets))?.name).toBe(expected);
  }
});

test('e-mail and plan are those of the newest login, and not of a foreign one', () => {
  const { paths, read } = makeTargets({ t: { record: 'a', vault: 'a' } });
  const old = { ...identityOf('a'), email: 'old@x' };
  writeAccountState(paths, { version: 1, target: 't', identity: old, marks: [] });
  const [own] = read();
  const foreign = own && { ...own, state: { ...own.state, identity: { ...old, userId: 'x' } } };
  expect(own && ownerOf(own)?.email).not.toBe('old@x');
  expect(foreign && ownerOf(foreign)?.email).toBe('old@x');
  expect(foreign && reportTarget(foreign, 't', NOW)).toMatchObject({
    state: 'wrong-account',
    email: 'old@x',
  });
});

// Logins, imports and `codex login` once asked the vault first, and took the foreign login for the target's own.
test('where a vault holds a foreign login, its own account can log in again', () => {
  const { install, read } = makeTargets({ t: { record: 'a', vault: 'b' } });
  expect(install('t', 'a')).toMatchObject({ kind: 'renewed', orphan: expect.any(String) });
  expect(read().map((target) => ownerOf(target)?.userId)).toEqual(['a']);
});

test('… and the account of the foreign login takes the target from nobody unasked', () => {
  const { install, read } = makeTargets({ t: { record: 'a', vault: 'b' } });
  expect(() => install('t', 'b')).toThrow(expect.objectContaining({ code: 'identity-clash' }));
  expect(read().map((target) => ownerOf(target)?.userId)).toEqual(['a']);
  expect(install('t', 'b', true).kind).toBe('replaced-account');
});

test('… and is free to become another target, which its own account is not', () => {
  const { install } = makeTargets({
    t: { record: 'a', vault: 'b' },
    u: { record: '', vault: '' },
  });
  expect(() => install('u', 'a')).toThrow(/is already the account of t/);
  expect(install('u', 'b').kind).toBe('installed');
});

test('… and an import of its account asks for a name, as that of any new account', async () => {
  const { paths, config } = makeTargets({ t: { record: 'a', vault: 'b' } });
  await updateConfig(paths, () => config);
  // While a session uses it, the foreign login stays where it is.
  const slot = leaseSlot(paths, paths.sharedHome, ownIdentity());
  pointAuth(slot, authFileOf(config.targets[0] as Target));
  const importOf = (user: string) => {
    const file = join(paths.home, `${user}.json`);
    writeFileSync(file, loginOf(user, 1_795_000_000), { mode: 0o600 });
    return run({ paths }, importCommand, file);
  };
  await expect(importOf('b')).rejects.toMatchObject({ code: 'usage' });
  await expect(importOf('a')).rejects.toMatchObject({ code: 'in-use' });
});
