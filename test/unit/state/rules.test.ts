import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { validateConfig } from '../../../src/state/config.ts';
import { resolvePaths } from '../../../src/state/paths.ts';
import { findRules, isWithin, resolveLinks, shortenPath } from '../../../src/state/rules.ts';
import { makeScratchHome } from './scratch-home.ts';

const make = (...directories: string[]) => {
  const { home } = makeScratchHome();
  for (const directory of directories) mkdirSync(join(home, directory), { recursive: true });
  return home;
};
/** The path of the rule that holds, below the home. */
const find = (home: string, paths: string[], directory: string) => {
  const { rules } = validateConfig(
    {
      version: 1,
      targets: [],
      rules: paths.map((path) => ({
        path: path.startsWith('/') || path.startsWith('~') ? path : join(home, path),
        targets: ['acc'],
      })),
    },
    { home, configFile: '/config.json' } as Parameters<typeof validateConfig>[1],
  );
  return findRules(rules, join(home, directory)).map(({ path }) => path.replace(`${home}/`, ''));
};

describe('the rule with the longest path holds', () => {
  test.each<[string, string[], string, string[]]>([
    ['the directory itself', ['a/b'], 'a/b', ['a/b']],
    ['below it', ['a/b'], 'a/b/c/d', ['a/b']],
    ['above it', ['a/b'], 'a', []],
    ['a longer name beside it', ['a/b'], 'a/bc', []],
    ['a shorter name beside it', ['a/bc'], 'a/b', []],
    ['the longest of three, whatever the order', ['a/b/c', 'a', 'a/b'], 'a/b/c/d', ['a/b/c']],
    ['the shorter one beside the longer one', ['a', 'a/b'], 'a/bc', ['a']],
    ['a slash at the end', ['a/b/'], 'a/b', ['a/b']],
    ['several slashes', ['a//b//'], 'a/b', ['a/b']],
    ['`..` and `.`', ['a/x/../b/.'], 'a/b', ['a/b']],
    ['the root', ['/'], 'a/b', ['/']],
    ['the root and a longer one', ['/', 'a'], 'a/b', ['a']],
    ['the home', ['~'], 'a', ['HOME']],
    ['below the home', ['~/a'], 'a/b', ['a']],
    ['a rule through a link', ['link'], 'a/b', ['link']],
    ['a directory through a link', ['a/b'], 'link/c', ['a/b']],
    ['a link out of the rule', ['a/out'], 'a/out', ['a/out']],
    ['where the link leads to', ['a/out'], 'far', ['a/out']],
    ['below the link only by its name', ['a'], 'a/out', []],
    ['a link to nothing', ['dangling'], 'dangling/x', ['dangling']],
    ['a rule that does not exist', ['none/x'], 'none/x/y', ['none/x']],
    ['a rule that does not exist below a link', ['link/none'], 'a/b/none/y', ['link/none']],
    ['a directory that does not exist', ['a'], 'a/b/none', ['a']],
    ['letters of any script', ['ä/日本'], 'ä/日本/x', ['ä/日本']],
    ['the same letter composed otherwise', ['a\u0308'], 'ä', []],
    ['letters in another case', ['A/B'], 'a/b', []],
    ['names with spaces and quotes', ['a b/"c\''], 'a b/"c\'/d', ['a b/"c\'']],
    ['a loop of links', ['loop'], 'loop/x', ['loop']],
    ['two paths to one directory', ['a/b', 'link'], 'a/b', ['a/b', 'link']],
  ])('%s', (_, paths, directory, expected) => {
    const home = make('a/b', 'a/bc', 'far', 'ä/日本', 'a b/"c\'');
    symlinkSync('a/b', join(home, 'link'));
    symlinkSync('../far', join(home, 'a/out'));
    symlinkSync('nothing', join(home, 'dangling'));
    symlinkSync('loop', join(home, 'loop'));
    const wanted = expected.map((path) => (path === 'HOME' ? home : path));
    expect(find(home, paths, directory)).toEqual(wanted);
  });

  test('a directory that is made later is found, and one that is removed still is', () => {
    const home = make('a');
    expect(find(home, ['a/later'], 'a/later')).toEqual(['a/later']);
    mkdirSync(join(home, 'a/later'));
    expect(find(home, ['a/later'], 'a/later/x')).toEqual(['a/later']);
    rmSync(join(home, 'a'), { recursive: true });
    expect(find(home, ['a/later'], 'a/later/x')).toEqual(['a/later']);
  });

  test('without rules no file is touched', () => {
    expect(findRules([], '\0')).toEqual([]);
  });
});

test('a path is within another one by whole names only', () => {
  const names = fc.array(fc.constantFrom('a', 'b', 'ab', 'é'), { maxLength: 4 });
  fc.assert(
    fc.property(names, names, (child, parent) => {
      const isBelow = parent.every((name, index) => child[index] === name);
      expect(isWithin(`/${child.join('/')}`, `/${parent.join('/')}`)).toBe(isBelow);
    }),
  );
});

test('a path in which nothing exists stays as it is; the home is shown as ~', () => {
  expect(resolveLinks('/none/of/these')).toBe('/none/of/these');
  expect(resolveLinks('/')).toBe('/');
  expect(['/h', '/h/a', '/ha', '/'].map((path) => shortenPath(path, '/h'))).toEqual([
    ...['~', '~/a', '/ha', '/'],
  ]);
  expect(shortenPath('/a', '/')).toBe('/a');
});

describe('hostile values', () => {
  const targets = [{ name: 'acc' }];
  const rule = { path: '/a', targets: ['acc'] };
  const paths = resolvePaths({}, '/home/someone');
  const read = (rules: unknown) => validateConfig({ version: 1, targets, rules }, paths).rules;
  test.each<[unknown, RegExp]>([
    [{}, /rules must be a list, but is \{\}/],
    ['x', /rules must be a list/],
    [[7], /rules\[0\] must be an object, but is 7/],
    [[null], /rules\[0\] must be an object, but is null/],
    [[[]], /rules\[0\] must be an object, but is \[\]/],
    [[{ targets: ['acc'] }], /rules\[0\]\.path must be an absolute path, but is missing/],
    [[{ ...rule, path: '' }], /rules\[0\]\.path must be an absolute path/],
    [[{ ...rule, path: 'a/b' }], /rules\[0\]\.path must be an absolute path, but is "a\/b"/],
    [[{ ...rule, path: '~other/a' }], /rules\[0\]\.path must be an absolute path/],
    [[{ ...rule, path: '/a\0b' }], /rules\[0\]\.path must be an absolute path/],
    [[{ ...rule, path: 7 }], /rules\[0\]\.path must be an absolute path/],
    [[{ path: '/a' }], /rules\[0\]\.targets must be a list of accounts, but is missing/],
    [[{ ...rule, targets: 'acc' }], /rules\[0\]\.targets must be a list of accounts/],
    [[{ ...rule, targets: [] }], /rules\[0\]\.targets must be one account at least/],
    [[{ ...rule, targets: ['../x'] }], /rules\[0\]\.targets\[0\] must be the name of an account/],
    [[{ ...rule, targets: [null] }], /rules\[0\]\.targets\[0\] must be the name of an account/],
    [[{ ...rule, targets: ['acc', 'b', 'acc'] }], /rules\[0\]\.targets\[2\] must be used once/],
    [[rule, { ...rule, targets: ['b'] }], /rules\[1\]\.path must be used once only, but is "\/a"/],
    [[rule, { ...rule, path: '/a/' }], /rules\[1\]\.path must be used once only/],
    [[rule, { ...rule, path: '/b/../a' }], /rules\[1\]\.path must be used once only/],
    [[rule, rule, rule], /rules\[1\]\.path must be used once only/],
  ])('%j', (rules, message) => {
    expect(() => read(rules)).toThrow(expect.objectContaining({ code: 'bad-config' }));
    expect(() => read(rules)).toThrow(message);
  });

  test('what is left out, or unknown, is no fault', () => {
    for (const rules of [undefined, null, []]) expect(read(rules)).toEqual([]);
    expect(read([{ ...rule, note: 'x', targets: ['nobody'] }])).toEqual([
      { path: '/a', targets: ['nobody'] },
    ]);
    expect(read([{ ...rule, path: '~' }])).toEqual([{ ...rule, path: paths.home }]);
  });
});
