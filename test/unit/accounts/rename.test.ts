import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readAccountState } from '../../../src/accounts/account-state.ts';
import { readCurrent, writeCurrent } from '../../../src/accounts/current.ts';
import { recordRefusal } from '../../../src/accounts/record-facts.ts';
import { type Renaming, renameSteps, renameTarget } from '../../../src/accounts/rename.ts';
import { linkSharedLogin } from '../../../src/accounts/shared-login.ts';
import { reconcileLogins } from '../../../src/launch/reconcile-logins.ts';
import {
  CONFIG_DEFAULTS,
  type Config,
  defaultVault,
  readConfig,
} from '../../../src/state/config.ts';
import { updateConfig } from '../../../src/state/config-store.ts';
import { ownIdentity, processTable } from '../../../src/state/process-identity.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

const NOW = new Date('2026-11-21T03:00:00Z');
const LOGIN = forgeAuth();

async function makeHome() {
  const paths = makeScratchHome();
  const targets = ['a', 'b'].map((name) => ({
    name,
    vault: defaultVault(paths, name),
    enabled: true,
  }));
  const config: Config = { version: 1, targets, rules: [], ...CONFIG_DEFAULTS };
  await updateConfig(paths, () => config);
  const file = join(defaultVault(paths, 'a'), 'auth.json');
  mkdirSync(dirname(file), { mode: 0o700 });
  writeFileSync(file, LOGIN, { mode: 0o600 });
  await reconcileLogins(paths, config, NOW);
  writeCurrent(paths, 'a');
  recordRefusal(paths, 'a', { kind: 'manual', at: 1, until: null });
  linkSharedLogin(paths, file);
  const renaming: Renaming = {
    from: { name: 'a', vault: defaultVault(paths, 'a') },
    to: { name: 'main', vault: defaultVault(paths, 'main') },
  };
  const begin = (owner: object) =>
    writeFileSync(paths.renamingFile, JSON.stringify({ version: 1, ...renaming, ...owner }));
  return { paths, config, renaming, begin };
}

type Home = Awaited<ReturnType<typeof makeHome>>;

function expectRenamed({ paths }: Home): void {
  const [first] = (readConfig(paths) as Config).targets;
  expect(first).toEqual({ name: 'main', vault: defaultVault(paths, 'main'), enabled: true });
  expect(readFileSync(join(defaultVault(paths, 'main'), 'auth.json'), 'utf8')).toBe(LOGIN);
  expect(existsSync(defaultVault(paths, 'a'))).toBe(false);
  const { state } = readAccountState(paths, 'main');
  expect(state).toMatchObject({ target: 'main', marks: [{ kind: 'manual' }] });
  expect(state.identity).toBeDefined();
  expect(readAccountState(paths, 'a').state.identity).toBeUndefined();
  expect(readCurrent(paths).current).toBe('main');
  const link = join(paths.sharedHome, 'auth.json');
  expect(readlinkSync(link)).toBe(join(defaultVault(paths, 'main'), 'auth.json'));
  expect(existsSync(paths.renamingFile)).toBe(false);
}

const DEAD = { pid: 999_999_999, startTime: '1', table: processTable() };

describe('a renaming', () => {
  test('takes all that belongs to the target along', async () => {
    const home = await makeHome();
    await renameTarget(home.paths, home.renaming);
    expectRenamed(home);
  });

  test.each([0, 1, 2, 3, 4, 5, 6])(
    'killed after step %i of 7 is finished by whoever comes next',
    async (done) => {
      const home = await makeHome();
      const { paths, config, renaming, begin } = home;
      begin(DEAD);
      const steps = renameSteps(paths, renaming);
      expect(steps).toHaveLength(7);
      for (const step of steps.slice(0, done)) await step();

      const settled = await reconcileLogins(paths, config, NOW);
      expect(settled.lines).toEqual(['a is called main now: an interrupted rename was finished']);
      expect(settled.config.targets[0]?.name).toBe('main');
      expectRenamed(home);
      expect((await reconcileLogins(paths, settled.config, NOW)).lines).toEqual([]);
    },
  );

  test('whose vault cannot be moved is not tried again', async () => {
    const { paths, config, renaming } = await makeHome();
    const to = { name: 'main', vault: join(paths.home, 'gone', 'main') };
    await expect(renameTarget(paths, { ...renaming, to })).rejects.toThrow('cannot be written');
    expect(await reconcileLogins(paths, config, NOW)).toMatchObject({ lines: [] });
    expect(existsSync(paths.renamingFile)).toBe(false);
    expect(readFileSync(join(defaultVault(paths, 'a'), 'auth.json'), 'utf8')).toBe(LOGIN);
  });

  test('that is under way is left to its owner; a record that was never whole, to nobody', async () => {
    const { paths, config, begin } = await makeHome();
    begin({ ...ownIdentity(), table: processTable() });
    expect((await reconcileLogins(paths, config, NOW)).lines).toEqual([]);
    expect(existsSync(paths.renamingFile)).toBe(true);
    // On another machine it takes less time than its record needs to look old.
    begin({ ...DEAD, place: { machine: 'm', name: 'n', boot: 'another', pids: 'p' } });
    expect((await reconcileLogins(paths, config, NOW)).lines).toEqual([]);
    expect(existsSync(paths.renamingFile)).toBe(true);
    writeFileSync(paths.renamingFile, '{"version":1,"fro');
    expect((await reconcileLogins(paths, config, NOW)).lines).toEqual([]);
    expect(existsSync(paths.renamingFile)).toBe(false);
    expect(readConfig(paths)?.targets[0]?.name).toBe('a');
  });
});
