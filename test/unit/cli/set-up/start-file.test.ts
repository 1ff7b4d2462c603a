import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addPathLine,
  findStartFile,
  pathLine,
  removePathLines,
  type StartFile,
} from '../../../../src/cli/set-up/start-file.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'start file '));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const BASH = { SHELL: '/bin/bash' };
const bashrc = (): StartFile => ({ path: join(home, '.bashrc'), shown: '~/.bashrc' });
const line = (env: NodeJS.ProcessEnv = BASH) => pathLine(join(home, 'own/bin'), env, home);
const read = (file = bashrc().path) => readFileSync(file, 'latin1');

describe('the line for PATH in the start-up file', () => {
  test.each([
    ['missing', undefined],
    ['empty', ''],
    ['of one line', 'alias ll="ls -l"\n'],
    ['without a last line break', 'alias ll="ls -l"'],
    ['of bytes that are no UTF-8', 'x=\xff\xfe\n'],
    ['with CRLF', 'one\r\ntwo\r\n'],
  ])('a file that is %s gets it at its end, once, and is as before without it', (_what, before) => {
    if (before !== undefined) writeFileSync(bashrc().path, Buffer.from(before, 'latin1'));
    expect(addPathLine(bashrc(), line())).toBe('added');
    const kept = before === undefined || before === '' ? '' : `${before.replace(/\n$/, '')}\n`;
    expect(read()).toBe(`${kept}${line()}\n`);
    expect(addPathLine(bashrc(), line())).toBe('unchanged');
    expect(read().split(line())).toHaveLength(2);
    expect(removePathLines(BASH, home)).toEqual({ removed: ['~/.bashrc'], faults: [] });
    if (kept === '') expect(existsSync(bashrc().path)).toBe(false);
    else expect(read()).toBe(kept);
    expect(removePathLines(BASH, home)).toEqual({ removed: [], faults: [] });
  });

  test('another installer has added a line after it: it moves to the end, and stays one', () => {
    addPathLine(bashrc(), line());
    const theirs =
      '\n# >>> Codex installer >>>\nexport PATH="/x:$PATH"\n# <<< Codex installer <<<\n';
    writeFileSync(bashrc().path, read() + theirs);
    expect(addPathLine(bashrc(), line())).toBe('moved');
    expect(read()).toBe(`${theirs}${line()}\n`);
  });

  test('the shim has moved: the new line takes the place of the old', () => {
    addPathLine(bashrc(), line());
    const other = pathLine(join(home, 'other'), BASH, home);
    expect(addPathLine(bashrc(), other)).toBe('moved');
    expect(read()).toBe(`${other}\n`);
  });

  test('a link stays a link, and the file keeps its mode', () => {
    const real = join(home, 'dotfiles/bashrc');
    mkdirSync(dirname(real));
    writeFileSync(real, 'one\n');
    chmodSync(real, 0o640);
    symlinkSync('dotfiles/bashrc', bashrc().path);
    addPathLine(bashrc(), line());
    expect(readlinkSync(bashrc().path)).toBe('dotfiles/bashrc');
    expect(read(real)).toBe(`one\n${line()}\n`);
    expect(statSync(real).mode & 0o777).toBe(0o640);
    removePathLines(BASH, home);
    expect(read(real)).toBe('one\n');
    writeFileSync(real, '');
    addPathLine(bashrc(), line());
    removePathLines(BASH, home);
    expect(lstatSync(bashrc().path).isSymbolicLink()).toBe(true);
    expect(read(real)).toBe('');
  });

  test.each([
    ['read-only', () => chmodSync(bashrc().path, 0o444), /read-only/],
    [
      'a link that leads nowhere',
      () => {
        rmSync(bashrc().path);
        symlinkSync('gone', bashrc().path);
      },
      /leads nowhere/,
    ],
    [
      'a directory',
      () => {
        rmSync(bashrc().path);
        mkdirSync(bashrc().path);
      },
      /no regular file/,
    ],
    [
      'a named pipe',
      () => {
        rmSync(bashrc().path);
        execFileSync('mkfifo', [bashrc().path]);
      },
      /no regular file/,
    ],
  ])('%s: it is not changed, and that is said', (_what, spoil, why) => {
    writeFileSync(bashrc().path, 'one\n');
    spoil();
    const before = lstatSync(bashrc().path);
    expect(() => addPathLine(bashrc(), line())).toThrow(why);
    expect(lstatSync(bashrc().path)).toMatchObject({ ino: before.ino, mode: before.mode });
  });

  test('a read-only file keeps our line at an uninstall, and that is said', () => {
    addPathLine(bashrc(), line());
    chmodSync(bashrc().path, 0o444);
    const { removed, faults } = removePathLines(BASH, home);
    expect(removed).toEqual([]);
    expect(faults).toEqual([expect.stringMatching(/~\/\.bashrc.*read-only; remove the line/)]);
  });

  test.each([
    [{ SHELL: '/usr/bin/zsh' }, '.zshrc'],
    [{ SHELL: '/bin/zsh', ZDOTDIR: '@/z' }, 'z/.zshrc'],
    [{ SHELL: '/bin/zsh', ZDOTDIR: 'relative' }, '.zshrc'],
    [{ SHELL: '/usr/bin/fish' }, '.config/fish/config.fish'],
    [{ SHELL: '/usr/bin/fish', XDG_CONFIG_HOME: '@/c' }, 'c/fish/config.fish'],
    [{ SHELL: '/bin/bash' }, process.platform === 'darwin' ? '.bash_profile' : '.bashrc'],
    [{ SHELL: '/bin/dash' }, undefined],
    [{ SHELL: '/opt/constructor' }, undefined],
    [{}, undefined],
  ])('%o: the start-up file is %s', (variables, expected) => {
    const entries = Object.entries(variables).map(([key, value]) => [
      key,
      value.replace('@', home),
    ]);
    const env = Object.fromEntries(entries) as NodeJS.ProcessEnv;
    const file = findStartFile(env, home);
    expect(file?.path).toBe(expected && join(home, expected));
    if (file === undefined) return;
    addPathLine(file, line(env));
    expect(removePathLines(env, home).removed).toEqual([file.shown]);
  });

  test('a file that this environment does not lead to is known from the record', () => {
    const file = { path: join(home, 'elsewhere/.zshrc'), shown: '' };
    addPathLine(file, line());
    expect(removePathLines(BASH, home).removed).toEqual([]);
    expect(removePathLines(BASH, home, file.path).removed).toEqual(['~/elsewhere/.zshrc']);
  });

  test.each(['plain', 'with blank', 'a"b', 'a$HOME', 'a`id`b', 'a\\b', "it's", 'ümlaut'])(
    'puts the directory %s first on PATH, character for character',
    (name) => {
      for (const dir of [join(home, name), join('/nowhere', name)]) {
        rmSync(bashrc().path, { force: true });
        addPathLine(bashrc(), pathLine(dir, BASH, home));
        const script = `. "${bashrc().path}"; printf %s "$PATH"`;
        const env = { HOME: home, PATH: '/usr/bin:/bin' };
        const path = execFileSync('sh', ['-c', script], { env, encoding: 'utf8' });
        expect(path).toBe(`${dir}:/usr/bin:/bin`);
      }
    },
  );
});
