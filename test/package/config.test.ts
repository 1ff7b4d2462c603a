import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { createHome } from './sandbox.ts';

function createTwoTargets() {
  const home = createHome();
  home.writeVault('acc1', 'ann');
  home.writeVault('acc2', 'bob');
  home.ok(['setup', '--accounts', 'acc1,acc2']);
  return home;
}

describe('config', () => {
  test('list, get, set', () => {
    const home = createTwoTargets();
    expect(home.ok(['config', 'get', 'strategy'])).toBe('order\n');
    expect(home.ok(['config', 'set', 'strategy', 'most-left'])).toBe('strategy = most-left\n');
    home.ok(['config', 'set', 'targets.acc2.threshold', '25']);
    home.ok(['config', 'set', 'targets.acc1.enabled', 'false']);
    home.ok(['config', 'set', 'prompt', '']);
    expect(JSON.parse(home.ok(['config', 'list', '--json']))).toEqual({
      strategy: 'most-left',
      prompt: '',
      cooldownMinutes: 240,
      whenExhausted: 'stay',
      waitSlackSeconds: 60,
      rotateBelow: 0,
      refreshMarginSeconds: 1800,
      resumeList: 'all',
      title: 'account',
      bell: true,
      notify: true,
      'targets.acc1.enabled': false,
      'targets.acc1.threshold': 0,
      'targets.acc1.credits': 'last',
      'targets.acc2.enabled': true,
      'targets.acc2.threshold': 25,
      'targets.acc2.credits': 'last',
    });
    expect(home.ok(['config', 'list'])).toMatch(/^# strategy = most-left {3}\(.*\)$/m);
    expect(home.ok(['status'])).toContain('switched off');
  });

  test.each([
    [
      'strategy',
      'fastest',
      /strategy must be "order", "most-left" or "soonest-reset", but is "fastest"/,
    ],
    ['cooldownMinutes', 'soon', /cooldownMinutes must be a number from 0 to 44640, but is "soon"/],
    ['cooldownMinutes', '', /must be a number/],
    ['targets.acc1.threshold', '101', /must be a number from 0 to 100/],
    ['targets.acc1.enabled', 'yes', /must be true or false/],
    ['targets.acc1.credits', 'maybe', /must be "never", "last" or "allow", but is "maybe"/],
    ['title', 'fancy', /title must be "account" or "plain", but is "fancy"/],
    [
      'targets.nobody.enabled',
      'true',
      /no setting called "targets\.nobody\.enabled"; you have: strategy, /,
    ],
    ['rules', 'x', /no setting called "rules"; for the rules: codex-hotswap rule --help/],
    ['color', 'red', /no setting called "color"/],
  ])('set %s %s is refused in one line, and nothing is changed', (key, value, message) => {
    const home = createTwoTargets();
    const before = home.read('.config/codex-hotswap/config.json');
    const ran = home.run(['config', 'set', key, value]);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(message);
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(home.read('.config/codex-hotswap/config.json')).toBe(before);
  });

  test('a missing word is told in one line', () => {
    const ran = createTwoTargets().run(['config', 'set', 'strategy']);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(/^codex-hotswap: .*; see: codex-hotswap config set --help\n$/);
  });
});

test('next --print-only changes nothing', () => {
  const home = createTwoTargets();
  expect(home.ok(['next', '--print-only'])).toBe('acc2\n');
  expect(home.ok(['current'])).toBe('acc1\n');
});

const HAS = (shell: string) => spawnSync(shell, ['-c', ':']).error === undefined;
const CASES: [string[], string[]][] = [
  [
    ['launch', '--only', ''],
    ['acc1', 'acc2'],
  ],
  [['launch', '--only', 'acc2,'], ['acc2,acc1']],
  [['launch', '--o'], ['--only']],
  [['rule', 'add', 'src', 'acc1', ''], ['acc2']],
  [['rule', 'add', ''], []],
  [['install-shim', '--r'], ['--rc']],
  [['st'], ['status']],
  [
    ['use', ''],
    ['acc1', 'acc2'],
  ],
  [['use', 'acc1'], ['acc1']],
  [['refresh', 'acc1', ''], ['acc2']],
  [
    ['config', ''],
    ['list', 'get', 'set'],
  ],
  [['config', 'set', 'strat'], ['strategy']],
  [['config', 'set', 'strategy', 'm'], ['most-left']],
  [
    ['config', 'set', 'bell', ''],
    ['true', 'false'],
  ],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [
    ['import', '--as', 'acc'],
    ['acc1', 'acc2'],
  ],
  [
    ['sessions', '--account', 'acc'],
    ['acc1', 'acc2'],
  ],
  [['status', '--js'], ['--json']],
  [['login', '--with'], ['--with-api-key']],
];

describe('completion', () => {
  test.each(CASES)('%j', (words, expected) => {
    const home = createTwoTargets();
    expect(
      home
        .ok(['complete', '--', ...words])
        .split('\n')
        .filter(Boolean),
    ).toEqual(expected);
  });

  test('no hidden command is offered, and no configuration is no error', () => {
    const words = createHome().ok(['complete', '--', '']).split('\n');
    expect(words).toContain('setup');
    expect(words).not.toContain('instead-of-codex');
    expect(words).not.toContain('complete');
  });

  const define = 'codex-hotswap() { node "$HOTSWAP" "$@"; }; eval "$(codex-hotswap completion $0)"';
  test.runIf(HAS('bash'))('the script of bash', () => {
    const home = createTwoTargets();
    const script = `${define}; COMP_WORDS=(codex-hotswap use acc); COMP_CWORD=2; _codex_hotswap; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const ran = runShell(home, 'bash', ['--norc', '-c', script, 'bash']);
    expect(ran).toEqual({ stdout: 'acc1\nacc2\n', stderr: '' });
  });

  test.runIf(HAS('zsh'))('the script of zsh', () => {
    const home = createTwoTargets();
    const script = `compdef() { :; }; _describe() { print -l -- "\${(@P)2}" }; ${define.replace('$0', 'zsh')}; words=(codex-hotswap use acc); CURRENT=3; _codex_hotswap`;
    const ran = runShell(home, 'zsh', ['-f', '-c', script]);
    expect(ran).toEqual({ stdout: 'acc1:account\nacc2:account\n', stderr: '' });
  });

  test.runIf(HAS('fish'))('the script of fish', () => {
    const home = createTwoTargets();
    const script = `function codex-hotswap; node $HOTSWAP $argv; end; codex-hotswap completion fish | source; complete -C 'codex-hotswap use acc'`;
    const ran = runShell(home, 'fish', ['--no-config', '-c', script]);
    expect(ran.stdout).toBe('acc1\taccount\nacc2\taccount\n');
  });
});

function runShell(home: ReturnType<typeof createHome>, shell: string, args: string[]) {
  const HOTSWAP = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;
  const env = { ...home.env, HOTSWAP };
  const { stdout, stderr } = spawnSync(shell, args, { env, encoding: 'utf8' });
  return { stdout, stderr };
}
