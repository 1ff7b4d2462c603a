import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseArgv } from '../../../src/codex/argv.ts';
import type { LoginSettings } from '../../../src/codex/settings.ts';
import { readSettings } from '../../../src/launch/login-settings.ts';
import { argsOf, makeProject, PROJECT_CASES } from '../../lab/project-cases.ts';
import { makeScratchHome } from '../state/scratch-home.ts';

// What a project's settings make of an account. test/e2e/project-settings.test.ts has the real Codex play the same table.

const OWN = 'w-own';

function fits({ forcedMethod, forcedWorkspaces }: LoginSettings): boolean {
  return forcedMethod !== 'api' && (forcedWorkspaces?.includes(OWN) ?? true);
}

describe('as the real Codex does it', () => {
  test.each(PROJECT_CASES)('$name', async (scene) => {
    const { home, sharedHome } = makeScratchHome();
    mkdirSync(join(home, 'work'));
    const trust = makeProject(scene, home);
    writeFileSync(join(sharedHome, 'config.toml'), `${scene.user ?? ''}${trust}`);
    const settings = await readSettings({
      invocation: parseArgv(['exec', ...argsOf(scene, home)]),
      sharedHome,
      // The kernel tells a process its directory without links.
      cwd: execFileSync('pwd', ['-P'], { cwd: join(home, scene.cwd), encoding: 'utf8' }).trim(),
      systemDir: join(home, 'etc'),
    });
    expect(fits(settings)).toBe(!scene.logsOut);
  });
});

describe('without a repository around', () => {
  const API = 'forced_login_method = "api"\n';

  /** Below the directory for temporary files, as the sandbox lies in a repository. */
  async function ask(cwd: string, trusted: string, args: string[] = []): Promise<LoginSettings> {
    const home = mkdtempSync(join(tmpdir(), 'codex-hotswap-project-'));
    onTestFinished(() => rmSync(home, { recursive: true, force: true }));
    const user = join(home, 'user');
    mkdirSync(join(home, 'd/.codex'), { recursive: true });
    mkdirSync(join(home, 'd/a'));
    mkdirSync(user);
    writeFileSync(join(home, 'd/.codex/config.toml'), API);
    const key = JSON.stringify(join(home, trusted));
    writeFileSync(join(user, 'config.toml'), `[projects.${key}]\ntrust_level = "trusted"\n`);
    return readSettings({
      invocation: parseArgv(['exec', ...args]),
      sharedHome: user,
      cwd: join(home, cwd),
      systemDir: join(home, 'etc'),
    });
  }

  test('the working directory is the root', async () => {
    expect(await ask('d', 'd')).toMatchObject({ forcedMethod: 'api' });
  });

  test.each(['d', 'd/a'])('and none above it, with %s trusted', async (trusted) => {
    expect(await ask('d/a', trusted)).toEqual({});
  });
});

describe('what a child of ours reads', () => {
  test('in the user’s home the home’s own file is a project’s layer above a profile, for CODEX_HOME is the slot', async () => {
    const { home, sharedHome } = makeScratchHome();
    execFileSync('git', ['init', '-q'], { cwd: home });
    const key = JSON.stringify(home);
    const trust = `[projects.${key}]\ntrust_level = "trusted"\n`;
    writeFileSync(join(sharedHome, 'config.toml'), `forced_login_method = "api"\n${trust}`);
    writeFileSync(join(sharedHome, 'p.config.toml'), 'forced_login_method = "chatgpt"\n');
    const invocation = parseArgv(['exec', '-p', 'p']);
    const question = { invocation, sharedHome, systemDir: join(home, 'etc') };
    expect(await readSettings({ ...question, cwd: home })).toMatchObject({ forcedMethod: 'api' });
    const elsewhere = await readSettings({ ...question, cwd: tmpdir() });
    expect(elsewhere).toMatchObject({ forcedMethod: 'chatgpt' });
  });

  test('a provider and a profile of a project are not read, a store is', async () => {
    const { home, sharedHome } = makeScratchHome();
    mkdirSync(join(home, '.git'));
    mkdirSync(join(home, 'd/.codex'), { recursive: true });
    const key = JSON.stringify(join(home, 'd'));
    writeFileSync(
      join(sharedHome, 'config.toml'),
      `[profiles.p]\nforced_login_method = "api"\n[projects.${key}]\ntrust_level = "trusted"\n`,
    );
    writeFileSync(
      join(home, 'd/.codex/config.toml'),
      'profile = "p"\nmodel_provider = "lab"\ncli_auth_credentials_store = "keyring"\n',
    );
    const found = await readSettings({
      ...{ sharedHome, cwd: join(home, 'd'), systemDir: join(home, 'etc') },
      invocation: parseArgv(['exec']),
    });
    expect(found).toEqual({ store: 'keyring' });
  });

  test('a pipe of that name is not waited for, and the file that forces is named', async () => {
    const { home, sharedHome } = makeScratchHome();
    mkdirSync(join(home, '.git'));
    mkdirSync(join(home, 'd/.codex'), { recursive: true });
    execFileSync('mkfifo', [join(home, 'd/.codex/config.toml')]);
    const trust = `[projects.${JSON.stringify(home)}]\ntrust_level = "trusted"\n`;
    writeFileSync(join(sharedHome, 'config.toml'), `forced_login_method = "api"\n${trust}`);
    const found = await readSettings({
      ...{ sharedHome, cwd: join(home, 'd'), systemDir: join(home, 'etc') },
      invocation: parseArgv(['exec']),
    });
    expect(found).toEqual({ forcedMethod: 'api', forcedBy: join(sharedHome, 'config.toml') });
  });
});
