import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRealCodex, isOurShim } from '../../../src/codex/find-codex.ts';
import { resolveNative } from '../../../src/codex/npm-launcher.ts';
import { createSandbox } from './sandbox.ts';

describe('findRealCodex', () => {
  test('passes over our shims, wherever they were copied, and what it is told to skip', () => {
    const sandbox = createSandbox('find');
    sandbox.writeShim('copy/codex');
    sandbox.writeReporter('wrapper/codex', 'wrapper');
    const PATH = ['shim', 'copy', 'wrapper', 'real'].map((dir) => sandbox.path(dir)).join(':');
    expect(findRealCodex({ PATH })).toEqual({ kind: 'found', path: sandbox.path('wrapper/codex') });
    expect(findRealCodex({ PATH }, { skip: [sandbox.path('wrapper/codex')] })).toEqual({
      kind: 'found',
      path: sandbox.real,
    });
  });

  test('tells nothing from not executable', () => {
    const sandbox = createSandbox('find');
    expect(findRealCodex({ PATH: sandbox.path('shim') })).toEqual({ kind: 'not-found' });
    expect(findRealCodex({})).toEqual({ kind: 'not-found' });
    const path = sandbox.write('plain/codex', '', 0o644);
    expect(findRealCodex({ PATH: dirname(path) })).toEqual({ kind: 'not-executable', path });
  });

  test('agrees with the shim', () => {
    const sandbox = createSandbox('find');
    mkdirSync(sandbox.path('dir/codex'), { recursive: true });
    sandbox.write('plain/codex', '', 0o644);
    const PATH = ['/nowhere', '', 'shim', 'dir', 'plain', 'real'].map((dir) =>
      dir === '' ? '' : sandbox.path(dir),
    );
    const env = { PATH: PATH.join(':') };
    const found = findRealCodex(env);
    expect(found).toEqual({ kind: 'found', path: sandbox.run(['--version'], { env }).path });
  });

  test('only the ownership line makes a shim ours', () => {
    const sandbox = createSandbox('find');
    expect(isOurShim(sandbox.shim)).toBe(true);
    const quoting = sandbox.write('other', '#!/bin/sh\necho "# codex-hotswap shim: no"\n');
    expect(isOurShim(quoting)).toBe(false);
    expect(isOurShim(process.execPath)).toBe(false);
    expect(isOurShim(sandbox.path('nothing'))).toBe(false);
  });
});

describe('resolveNative', () => {
  const installed = new URL('../../../node_modules/@openai/codex/bin/codex.js', import.meta.url);
  const platform = `${process.platform}-${process.arch}`;
  const triple = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-${
    process.platform === 'darwin' ? 'apple-darwin' : 'unknown-linux-musl'
  }`;

  /** An npm installation with a launcher and a native codex that prints its environment. */
  function install(layout = 'bin', launcher?: string) {
    const sandbox = createSandbox('native');
    const root = 'lib/node_modules/@openai';
    const cli = sandbox.write(`${root}/codex/bin/codex.js`, launcher ?? '');
    sandbox.write(`${root}/codex/package.json`, '{"name":"@openai/codex","type":"module"}', 0o644);
    sandbox.write(`${root}/codex-${platform}/package.json`, '{}', 0o644);
    const vendor = `${root}/codex-${platform}/vendor/${triple}`;
    const native = sandbox.write(`${vendor}/${layout}/codex`, '#!/bin/sh\nexec env -0\n');
    mkdirSync(sandbox.path('bin'));
    symlinkSync(cli, sandbox.path('bin/codex'));
    return { sandbox, native, vendor: sandbox.path(vendor), cli, codex: sandbox.path('bin/codex') };
  }

  const ENV = {
    PATH: `${dirname(process.execPath)}::/usr/bin:/bin`,
    HOME: '/nowhere',
    CODEX_MANAGED_BY_BUN: 'stale',
  };

  test.each([
    ['npm', ENV],
    ['bun', { ...ENV, npm_config_user_agent: 'bun/1.2.3' }],
    ['bun', { ...ENV, npm_execpath: '/opt/bun' }],
  ])('gives the native binary what the real launcher gives it (%s)', (_owner, env) => {
    const { codex, native, cli } = install();
    copyFileSync(installed, cli);
    const printed = execFileSync(codex, { env, encoding: 'utf8' });
    const pairs = printed
      .split('\0')
      .filter((pair) => pair !== '' && !/^(_|PWD|SHLVL|OLDPWD)=/.test(pair));
    const expected = Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
    expect(resolveNative(codex, env)).toEqual({ file: realpathSync(native), env: expected });
  });

  test('pnpm is recognised by its bookkeeping', () => {
    const { codex, cli, sandbox } = install();
    copyFileSync(installed, cli);
    sandbox.write('lib/node_modules/.modules.yaml', '', 0o644);
    const { env } = resolveNative(codex, ENV) ?? {};
    expect(env).toMatchObject({ CODEX_MANAGED_BY_PNPM: '1' });
    expect(env).not.toHaveProperty('CODEX_MANAGED_BY_NPM');
  });

  test('up to 0.130 the binary is in codex/ and ripgrep comes first on PATH', () => {
    const old = `function getUpdatedPath() {}; const names = ["CODEX_MANAGED_BY_BUN", "CODEX_MANAGED_BY_NPM"];`;
    const { codex, native, vendor } = install('codex', old);
    mkdirSync(`${vendor}/path`);
    expect(resolveNative(codex, ENV)).toEqual({
      file: native,
      env: {
        ...ENV,
        CODEX_MANAGED_BY_NPM: '1',
        PATH: [`${vendor}/path`, ...ENV.PATH.split(':').filter(Boolean)].join(':'),
      },
    });
  });

  test.each([
    ['a launcher that sets something we do not know', `"CODEX_MANAGED_BY_NPM"; "CODEX_NEW_THING";`],
    ['a launcher we do not recognise', `import "./main.js";`],
  ])('%s is run itself', (_what, launcher) => {
    expect(resolveNative(install('bin', launcher).codex, ENV)).toBeUndefined();
  });

  test('a native codex, or none, is no npm installation', () => {
    expect(resolveNative('/bin/sh', ENV)).toBeUndefined();
    expect(resolveNative('/nowhere/codex', ENV)).toBeUndefined();
  });

  test('finds the pinned codex', () => {
    const codex = new URL('../../../node_modules/.bin/codex', import.meta.url).pathname;
    expect(existsSync(resolveNative(codex, ENV)?.file ?? '')).toBe(true);
  });
});
