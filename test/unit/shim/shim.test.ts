import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createSandbox, SHIM_TEMPLATE } from './sandbox.ts';

const ODD_WORDS = ['two words', 'a\nb', '', '*', '$HOME', "it's", '--x=\ty', '\\', 'ü'];

describe('what is run', () => {
  test('a turn goes to the launcher, with the real codex and every word as it was', () => {
    const sandbox = createSandbox();
    const ran = sandbox.run(['resume', ...ODD_WORDS]);
    expect(ran).toMatchObject({ status: 0, program: 'node', stderr: '' });
    expect(ran.args).toEqual([sandbox.path('lib/launch.js'), sandbox.real, 'resume', ...ODD_WORDS]);
  });

  test('a utility command is the real codex, every word as it was', () => {
    const sandbox = createSandbox();
    const ran = sandbox.run(['mcp', ...ODD_WORDS]);
    expect(ran).toMatchObject({ status: 0, program: 'codex', path: sandbox.real, stderr: '' });
    expect(ran.args).toEqual(['mcp', ...ODD_WORDS]);
  });

  test.each(['login', 'logout'])(
    '%s goes to the launcher: it would revoke a stored account',
    (word) => {
      expect(createSandbox().run([word]).program).toBe('node');
    },
  );

  test('CODEX_HOTSWAP_BYPASS runs the real codex', () => {
    const sandbox = createSandbox();
    expect(sandbox.run([], { env: { CODEX_HOTSWAP_BYPASS: '1' } }).program).toBe('codex');
    expect(sandbox.run([], { env: { CODEX_HOTSWAP_BYPASS: '0' } }).program).toBe('node');
    expect(sandbox.run([], { env: { CODEX_HOTSWAP_BYPASS: '' } }).program).toBe('node');
  });

  test.each([
    ['home/.local/state', {}],
    ['elsewhere', { XDG_STATE_HOME: '@/elsewhere' }],
    ['home/.local/state', { XDG_STATE_HOME: 'relative/is/ignored' }],
  ])('the flag of `disable` in %s runs the real codex', (state, env) => {
    const sandbox = createSandbox();
    const settings = Object.fromEntries(
      Object.entries(env).map(([key, value]) => [key, value.replace('@', sandbox.root)]),
    );
    expect(sandbox.run([], { env: settings }).program).toBe('node');
    sandbox.write(`${state}/codex-hotswap/disabled`, '', 0o600);
    expect(sandbox.run([], { env: settings }).program).toBe('codex');
  });

  test('the exit status is that of what ran', () => {
    const sandbox = createSandbox();
    sandbox.write('real/codex', '#!/bin/sh\nexit 42\n');
    expect(sandbox.run(['features']).status).toBe(42);
  });
});

describe('which codex is the real one', () => {
  test('links to the shim, hard or soft, are the shim', () => {
    const sandbox = createSandbox();
    mkdirSync(sandbox.path('soft'));
    symlinkSync(sandbox.shim, sandbox.path('soft/codex'));
    mkdirSync(sandbox.path('hard'));
    linkSync(sandbox.shim, sandbox.path('hard/codex'));
    const PATH = ['shim', 'soft', 'hard', 'real'].map((dir) => sandbox.path(dir)).join(':');
    expect(sandbox.run(['--version'], { env: { PATH } }).path).toBe(sandbox.real);
    const throughLink = sandbox.run(['--version'], {
      env: { PATH },
      file: sandbox.path('soft/codex'),
    });
    expect(throughLink.path).toBe(sandbox.real);
  });

  test('directories and files that may not be executed are passed over', () => {
    const sandbox = createSandbox();
    mkdirSync(sandbox.path('dir/codex'), { recursive: true });
    sandbox.write('plain/codex', '#!/bin/sh\n', 0o644);
    const PATH = ['shim', 'dir', 'plain', 'real'].map((dir) => sandbox.path(dir)).join(':');
    expect(sandbox.run(['--version'], { env: { PATH } }).path).toBe(sandbox.real);
  });

  test('an empty entry of PATH is the working directory', () => {
    const sandbox = createSandbox();
    sandbox.writeReporter('codex', 'here');
    const ran = sandbox.run(['--version'], { env: { PATH: `${sandbox.path('shim')}::/nowhere` } });
    expect(ran).toMatchObject({ program: 'here', stderr: '' });
  });

  test('none: 127 and one line', () => {
    const sandbox = createSandbox();
    for (const PATH of [sandbox.path('shim'), '']) {
      const ran = sandbox.run(['--version'], { env: { PATH } });
      expect(ran.status).toBe(127);
      expect(ran.stderr).toMatch(/^codex-hotswap: no codex on PATH .*npm install.*\n$/);
    }
  });

  test('a message obeys nothing that a path says, and leaves its letters', () => {
    const sandbox = createSandbox();
    const odd = 'ü日 \u001b]0;title\u0007\u001b[2J\r\nfake\u007f\u009b31m\u202eb\u2066c\u200d';
    sandbox.write(`${odd}/codex`, '', 0o644);
    const ran = sandbox.run([], {
      env: { PATH: `${sandbox.path('shim')}:${sandbox.path(odd)}`, LC_ALL: 'C.UTF-8' },
    });
    const shown = 'ü日 ?]0;title??[2J??fake??31m?b?c?';
    expect(ran).toMatchObject({ status: 126, program: undefined });
    expect(ran.stderr).toContain(`/${shown}/codex may not be executed`);
    expect(ran.stderr).toMatch(/^codex-hotswap: [^\n]*\n$/);
  });

  test('only one that may not be executed: 126 and one line', () => {
    const sandbox = createSandbox();
    sandbox.write('real/codex', '#!/bin/sh\n', 0o644);
    const ran = sandbox.run([]);
    expect(ran.status).toBe(126);
    expect(ran.stderr).toMatch(/^codex-hotswap: \/.*real\/codex may not be executed.*\n$/);
  });

  test('an update that replaces the real codex is seen at once', () => {
    const sandbox = createSandbox();
    rmSync(sandbox.real);
    sandbox.writeReporter('real/codex', 'updated');
    expect(sandbox.run(['--version']).program).toBe('updated');
  });
});

describe('recursion', () => {
  /** As the shims of version managers do: looks `codex` up on PATH again. */
  const WRAPPER = '#!/bin/sh\nexec codex "$@"\n';

  test('a wrapper that comes back by exec is passed over the second time', () => {
    const sandbox = createSandbox();
    sandbox.write('wrapper/codex', WRAPPER);
    const PATH = ['shim', 'wrapper', 'real'].map((dir) => sandbox.path(dir)).join(':');
    expect(sandbox.run(['--version'], { env: { PATH } }).path).toBe(sandbox.real);
  });

  test('two shims and two wrappers end at the real codex', () => {
    const sandbox = createSandbox();
    sandbox.writeShim('shim2/codex');
    sandbox.write('wrapper/codex', WRAPPER);
    sandbox.write('wrapper2/codex', WRAPPER);
    const PATH = ['shim', 'wrapper', 'shim2', 'wrapper2', 'real'].map((dir) => sandbox.path(dir));
    expect(sandbox.run(['--version'], { env: { PATH: PATH.join(':') } }).path).toBe(sandbox.real);
  });

  test('a wrapper that comes back as a child, and has nothing else, ends in a clear error', () => {
    const sandbox = createSandbox();
    sandbox.write('wrapper/codex', '#!/bin/sh\ncodex "$@"\nexit $?\n');
    const PATH = ['shim', 'wrapper'].map((dir) => sandbox.path(dir)).join(':');
    const ran = sandbox.run(['--version'], { env: { PATH } });
    expect(ran.status).toBe(126);
    expect(ran.stderr).toMatch(/^codex-hotswap: .*again and again.*\n$/);
  });

  test('a codex within codex is an ordinary run', () => {
    const sandbox = createSandbox();
    const CODEX_HOTSWAP_SHIM = `3:1:${sandbox.shim}:${sandbox.real}`;
    const ran = sandbox.run(['hello'], { env: { CODEX_HOTSWAP_SHIM } });
    expect(ran).toMatchObject({ program: 'node', status: 0 });
    expect(ran.args.slice(1)).toEqual([sandbox.real, 'hello']);
  });

  test.each(['', 'x', '9', '1:', '1:2', '08:1:x', '99999999999999999999:1:x', ':::', '1x:2:y'])(
    'nonsense in CODEX_HOTSWAP_SHIM (%j) does no harm',
    (CODEX_HOTSWAP_SHIM) => {
      const ran = createSandbox().run(['--version'], { env: { CODEX_HOTSWAP_SHIM } });
      expect(ran).toMatchObject({ status: 0, program: 'codex', stderr: '' });
    },
  );
});

describe('a damaged installation still runs codex', () => {
  test('the package is gone: the real codex and one line', () => {
    const sandbox = createSandbox();
    rmSync(sandbox.path('lib'), { recursive: true });
    const ran = sandbox.run(['fix it']);
    expect(ran).toMatchObject({ status: 0, program: 'codex', args: ['fix it'] });
    expect(ran.stderr).toMatch(
      /^codex-hotswap: running codex unsupervised, .*launch\.js is gone.*\n$/,
    );
  });

  test('the node of then is gone: another one on PATH does', () => {
    const sandbox = createSandbox();
    rmSync(sandbox.path('node'), { recursive: true });
    sandbox.writeReporter('real/node', 'other');
    expect(sandbox.run(['fix it'])).toMatchObject({ program: 'other', stderr: '' });
  });

  test('no node at all: the real codex and one line', () => {
    const sandbox = createSandbox();
    rmSync(sandbox.path('node'), { recursive: true });
    const ran = sandbox.run(['fix it']);
    expect(ran).toMatchObject({ status: 0, program: 'codex' });
    expect(ran.stderr).toMatch(/^codex-hotswap: running codex unsupervised, node is gone.*\n$/);
  });
});

test.each([['dash'], ['bash'], ['bash', '--posix'], ['zsh', '--emulate', 'sh'], ['busybox', 'sh']])(
  'runs under %s %s too, which /bin/sh may be',
  (shell, ...options) => {
    const there = spawnSync('sh', ['-c', `command -v ${shell}`]).status === 0;
    if (!there) return;
    const sandbox = createSandbox();
    sandbox.write('wrapper/codex', '#!/bin/sh\nexec codex "$@"\n');
    const PATH = ['shim', 'wrapper', 'real'].map((dir) => sandbox.path(dir)).join(':');
    const env = { PATH: `${PATH}:/usr/bin:/bin` };
    const under = (...words: string[]) =>
      sandbox.run([shell, ...options, sandbox.shim, ...words], { env, file: '/usr/bin/env' });
    expect(under('mcp', 'a b')).toMatchObject({
      program: 'codex',
      args: ['mcp', 'a b'],
      stderr: '',
    });
    expect(under('a\nb')).toMatchObject({ program: 'node', stderr: '' });
  },
);

test('builtins only: a fork would cost more than all the rest', () => {
  // A message has its price.
  const message = /^say\(\) \($.*?^\)$/ms;
  const code = readFileSync(SHIM_TEMPLATE, 'utf8')
    .replace(message, '')
    .replace(/^\s*#.*$/gm, '');
  const [fork, ...others] = code.match(/\$\((?!\().*|[^\\]`/g) ?? [];
  expect(fork).toMatch(/^\$\(LC_ALL=C stty -g /); // just before Node, which would need 8 ms for it
  expect(others).toEqual([]);
});
