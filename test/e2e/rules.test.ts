import { appendFileSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { Backend } from '../lab/backend/index.ts';
import { ask } from '../lab/composer.ts';
import { waitForOurLine } from '../lab/our-lines.ts';
import { readRollouts } from '../lab/rollouts.ts';
import { runCodex } from '../lab/run-codex.ts';
import { createSupervisedLab, quit, type Supervised } from '../lab/supervised.ts';
import { forgeLogin } from '../package/sandbox.ts';

// Rules by directory: `work` is for ~/src/acme, `home` for all the rest, and neither ever does the work of the other.

const CLI = fileURLToPath(new URL('../../dist/bin/codex-hotswap.js', import.meta.url));
const { openLab, close } = createSupervisedLab();
afterEach(close);

type Accounts = Parameters<typeof openLab>[0];

/** Accounts, and a rule for ~/src/acme that allows some of them. `home` is the current one. */
async function openAcme(accounts: Accounts, targets: string[]) {
  const lab = await openLab(accounts, {
    settings: { rules: [{ path: '~/src/acme', targets }] },
  });
  const acme = join(lab.hotswap.sandbox.home, 'src/acme');
  mkdirSync(join(acme, 'deep'), { recursive: true });
  await lab.hotswap.sandbox.run('git', ['init', '-q'], { cwd: acme });
  const trust = `\n[projects.${JSON.stringify(acme)}]\ntrust_level = "trusted"\n`;
  appendFileSync(join(lab.hotswap.sandbox.codexHome, 'config.toml'), trust);
  await lab.hotswap.command('use', 'home');
  const exec = (args: string[], cwd = acme, env = {}) =>
    runCodex(lab.hotswap, ['exec', '--skip-git-repo-check', ...args], { cwd, env });
  return { ...lab, acme, exec };
}

const HOME_AND_WORK = [{ name: 'home' }, { name: 'work' }];
const ours = (stderr: string) =>
  stderr.split('\n').filter((line) => line.startsWith('codex-hotswap:'));
const accountsOf = (backend: Backend) => backend.turns().map(({ account }) => account);
const threadsOf = ({ sandbox }: Supervised) =>
  readRollouts(sandbox.codexHome).map(({ threadId }) => threadId);
describe('a session below the path of a rule', () => {
  it('uses the accounts of the rule, whatever the current account is', async () => {
    const { backend, hotswap, acme, exec } = await openAcme(HOME_AND_WORK, ['work']);
    const { home, work } = hotswap.sandbox;
    symlinkSync(join(acme, 'deep'), join(work, 'link'));
    expect(ours((await exec(['in it'])).stderr)).toEqual([]);
    await exec(['below it'], join(acme, 'deep'));
    await exec(['through a link'], join(work, 'link'));
    await exec(['-C', join(acme, 'deep'), 'by -C'], work);
    expect(accountsOf(backend)).toEqual(['work', 'work', 'work', 'work']);
    mkdirSync(join(home, 'src/acme2'));
    await exec(['beside it'], join(home, 'src/acme2'));
    await exec(['above it'], join(home, 'src'));
    expect(accountsOf(backend).slice(4)).toEqual(['home', 'home']);
    expect(await hotswap.command('current')).toBe('home\n');
  });

  it('stays at the limit, and says why; other sessions go on under their accounts', async () => {
    const accounts = [{ name: 'home' }, { name: 'work', turnsLeft: 1 }];
    const { backend, hotswap, acme, exec } = await openAcme(accounts, ['work']);
    const terminal = hotswap.open([], { cwd: acme });
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from work');
    await ask(terminal, 'two');
    await hotswap.waitForEvent('exhausted');
    await quit(terminal);
    await waitForOurLine(
      terminal,
      /^every account that the rule for ~\/src\/acme allows is at its limit \(work: its 5-hour limit is used up until .*\); first back: work at /,
    );
    const ran = await exec(['three']);
    expect(ran.status).toBe(1);
    expect(ours(ran.stderr).join('\n')).toMatch(
      /every account that the rule for ~\/src\/acme allows is at its limit/,
    );
    expect(backend.turns('home')).toEqual([]);
    expect(hotswap.eventsOf('rotated')).toEqual([]);
    await exec(['elsewhere'], hotswap.sandbox.work);
    expect(accountsOf(backend).at(-1)).toBe('home');
  });

  it('moves only within the rule, in its order, and changes nothing for other directories', async () => {
    const accounts = [{ name: 'team' }, { name: 'home' }, { name: 'work', turnsLeft: 1 }];
    const { backend, hotswap, acme, exec } = await openAcme(accounts, ['work', 'team']);
    const terminal = hotswap.open([], { cwd: acme });
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from work');
    await ask(terminal, 'two');
    await terminal.waitForText('from team');
    await waitForOurLine(terminal, /^work: .*; going on under team \(rule for ~\/src\/acme\)$/);
    await quit(terminal);
    expect(backend.turns('home')).toEqual([]);
    expect(await hotswap.command('current')).toBe('home\n');
    await exec(['elsewhere'], hotswap.sandbox.work);
    expect(accountsOf(backend).at(-1)).toBe('home');
  });
});

describe('an exec below the path of a rule', () => {
  it('moves only within the rule, and says so on stderr', async () => {
    const accounts = [{ name: 'team' }, { name: 'home' }, { name: 'work', turnsLeft: 0 }];
    const { backend, exec } = await openAcme(accounts, ['work', 'team']);
    const ran = await exec(['one']);
    expect({ status: ran.status, stdout: ran.stdout }).toEqual({
      status: 0,
      stdout: 'answer 1 from team\n',
    });
    expect(ours(ran.stderr).at(-1)).toMatch(/; going on under team \(rule for ~\/src\/acme\)$/);
    expect(backend.turns('home')).toEqual([]);
  });
});

describe('resuming a thread that ran under an account outside the rule', () => {
  /** A thread that ran under `home`, in the directory that has no rule. */
  async function openForeign() {
    const lab = await openAcme(HOME_AND_WORK, ['work']);
    await lab.exec(['a private matter'], lab.hotswap.sandbox.work);
    const [id] = threadsOf(lab.hotswap) as [string];
    return { ...lab, id };
  }
  const ran =
    'codex-hotswap: this thread ran under home, but the rule for ~/src/acme allows only work';

  it.each([
    ['by its id', (id: string) => ['exec', 'resume', id]],
    ['by its id in capitals', (id: string) => ['exec', 'resume', id.toUpperCase()]],
    ['the last one', () => ['exec', 'resume', '--last', '--all']],
  ])('without a terminal it is refused, with the command: %s', async (_, words) => {
    const { backend, hotswap, acme, id } = await openForeign();
    const run = await runCodex(hotswap, [...words(id), 'go on'], { cwd: acme });
    expect({ status: run.status, ours: ours(run.stderr) }).toEqual({
      status: 1,
      ours: [
        `${ran}; to go on with it under work, which gets to see all of it: codex exec resume --here ${id}`,
      ],
    });
    expect(accountsOf(backend)).toEqual(['home']);
  });

  it('with --here it goes on under the accounts of the rule, and is not asked about again', async () => {
    const { backend, hotswap, acme, id } = await openForeign();
    const options = { cwd: acme };
    const words = ['exec', '--skip-git-repo-check', 'resume', '--here', id, 'two'];
    const first = await runCodex(hotswap, words, options);
    expect({ status: first.status, ours: ours(first.stderr) }).toEqual({ status: 0, ours: [] });
    const again = await runCodex(hotswap, ['exec', 'resume', id, 'three'], options);
    expect({ status: again.status, ours: ours(again.stderr) }).toEqual({ status: 0, ours: [] });
    expect(accountsOf(backend)).toEqual(['home', 'work', 'work']);
  });

  it.each(['resume', 'fork'])('in a terminal `codex %s` asks first', async (command) => {
    const { backend, hotswap, acme, id } = await openForeign();
    const question = /go on with it under work, which gets to see all of it\? \[y\/N\]/;
    const refused = hotswap.open([command, id], { cwd: acme });
    await refused.waitForText(question);
    refused.type('n');
    refused.press('enter');
    expect(await refused.waitForExit()).toEqual({ status: 130, signal: 0 });
    const agreed = hotswap.open([command, id], { cwd: acme });
    await agreed.waitForText(question);
    agreed.type('y');
    agreed.press('enter');
    expect(await hotswap.waitForEvent('launch', 2)).toMatchObject({ target: 'work' });
    await agreed.dispose();
    expect(accountsOf(backend)).toEqual(['home']);
  });

  it('the rule of the thread’s own directory holds wherever it is resumed', async () => {
    const accounts = [{ name: 'home' }, { name: 'work', turnsLeft: 1 }];
    const { backend, hotswap, exec } = await openAcme(accounts, ['work']);
    await exec(['for the company']);
    const [id] = threadsOf(hotswap) as [string];
    const { work: cwd } = hotswap.sandbox;
    const run = await runCodex(hotswap, ['exec', 'resume', id, 'go on'], { cwd });
    expect(run.status).toBe(1);
    expect(ours(run.stderr).join('\n')).toMatch(/that the rule for ~\/src\/acme allows/);
    expect(backend.turns('home')).toEqual([]);
  });
});

describe('CODEX_HOTSWAP_TARGET and --only', () => {
  it('name the accounts of one session, in this order, and change nothing for other sessions', async () => {
    const accounts = [{ name: 'home' }, { name: 'work', turnsLeft: 0 }, { name: 'team' }];
    const { backend, hotswap, exec } = await openAcme(accounts, ['work', 'team']);
    const { sandbox } = hotswap;
    const alone = await exec(['one'], sandbox.work, { CODEX_HOTSWAP_TARGET: 'work' });
    expect(alone.status).toBe(1);
    expect(ours(alone.stderr).join('\n')).toMatch(
      /every account that CODEX_HOTSWAP_TARGET allows is at its limit/,
    );
    const both = await exec(['two'], sandbox.work, { CODEX_HOTSWAP_TARGET: 'work, team' });
    expect(both.stdout).toContain('from team');
    const only = ['launch', '--only', 'team', '--', 'exec', 'three'];
    expect((await sandbox.run(process.execPath, [CLI, ...only])).stdout).toContain('from team');
    expect((await exec(['four'], sandbox.work, { CODEX_HOTSWAP_TARGET: ' ' })).stdout).toContain(
      'from home',
    );
    expect(backend.turns('home')).toHaveLength(1);
    expect(await hotswap.command('current')).toBe('home\n');
  });

  it('is refused with status 1, and Codex does not run: an unknown account, or one outside the rule', async () => {
    const { backend, hotswap, acme, exec } = await openAcme(HOME_AND_WORK, ['work']);
    const { sandbox } = hotswap;
    const told = async (run: Promise<{ status: number | null; stderr: string }>) => {
      const { status, stderr } = await run;
      return { status, said: ours(stderr) };
    };
    const cli = (...args: string[]) => sandbox.run(process.execPath, [CLI, ...args], { cwd: acme });
    const leaves = (what: string) => ({
      status: 1,
      said: [
        `codex-hotswap: ${what}, but the rule for ~/src/acme allows only work; for the rules: codex-hotswap rule list`,
      ],
    });
    const nobody = { CODEX_HOTSWAP_TARGET: 'nobody' };
    expect(await told(exec(['x'], sandbox.work, nobody))).toEqual({
      status: 1,
      said: [
        'codex-hotswap: CODEX_HOTSWAP_TARGET names "nobody", which is none of your accounts; you have: home, work',
      ],
    });
    expect(await told(exec(['x'], acme, { CODEX_HOTSWAP_TARGET: 'work,home' }))).toEqual(
      leaves('CODEX_HOTSWAP_TARGET names home'),
    );
    expect(await told(cli('launch', '--only', 'home', '--', 'exec', 'x'))).toEqual(
      leaves('--only names home'),
    );
    expect(await told(cli('launch', 'home', '--', 'exec', 'x'))).toEqual(
      leaves('you ask for home'),
    );
    expect(backend.turns()).toEqual([]);
  });
});

describe('Codex does not run unsupervised below the path of a rule', () => {
  it.each<[string, number, RegExp, { rules?: unknown; text?: string; env?: object }]>([
    [
      'a rule names an unknown account',
      78,
      /the rule for ~\/src\/acme names wrok, which is none of your accounts \(.*config\.json\); you have: home, work; /,
      { rules: [{ path: '~/src/acme', targets: ['work', 'wrok'] }] },
    ],
    [
      'two rules for one directory',
      78,
      /the rules for ~\/src\/acme and ~\/link are for one directory/,
      {
        rules: [
          { path: '~/src/acme', targets: ['work'] },
          { path: '~/link', targets: ['home'] },
        ],
      },
    ],
    [
      'a rule without accounts',
      78,
      /rules\[0\]\.targets must be one/,
      {
        rules: [{ path: '~/src/acme', targets: [] }],
      },
    ],
    [
      'a file that is no JSON',
      78,
      /is not valid JSON.*a rule in this file may allow only some accounts/,
      {
        text: '{ "version": 1, "rules": [ }',
      },
    ],
    [
      'a key that outranks the accounts',
      75,
      /CODEX_API_KEY is set.*the rule for ~\/src\/acme allows only some accounts/,
      {
        env: { CODEX_API_KEY: 'sk-lab' },
      },
    ],
    [
      'a Codex home with a login of its own',
      1,
      /is logged in as .*, but the rule for ~\/src\/acme/,
      {
        env: { CODEX_HOME: 'stranger' },
      },
    ],
  ])('%s', async (_, status, said, { rules, text, env = {} }) => {
    const { backend, hotswap, acme, exec } = await openAcme(HOME_AND_WORK, ['work']);
    const { home } = hotswap.sandbox;
    symlinkSync(acme, join(home, 'link'));
    if (rules !== undefined || text !== undefined) {
      const targets = [{ name: 'home' }, { name: 'work' }];
      const file = join(home, '.config/codex-hotswap/config.json');
      writeFileSync(file, text ?? JSON.stringify({ version: 1, targets, rules }));
    }
    const stranger = join(home, 'stranger');
    cpSync(join(home, '.codex/config.toml'), join(stranger, 'config.toml'));
    writeFileSync(join(stranger, 'auth.json'), forgeLogin('stranger'), { mode: 0o600 });
    const variables = 'CODEX_HOME' in env ? { CODEX_HOME: stranger } : env;
    const run = await exec(['x'], acme, variables);
    expect(run.status).toBe(status);
    expect(ours(run.stderr)).toHaveLength(1);
    expect(run.stderr).toMatch(said);
    expect(run.stdout).toBe('');
    expect(backend.turns()).toEqual([]);
  });
});
