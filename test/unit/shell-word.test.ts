import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { quoteForShell, toShellWord } from '../../src/shell-word.ts';

const ALL = Array.from({ length: 126 }, (_, code) => String.fromCharCode(code + 1));

it('a shell reads each text as that one word', () => {
  const texts = [
    '',
    ' ',
    "it's",
    '~/x',
    '$(touch x)',
    ...ALL,
    ...ALL.map((one) => `a${one}b`),
    'ä',
  ];
  for (const quote of [quoteForShell, toShellWord]) {
    const script = `printf '%s\\0' ${texts.map(quote).join(' ')}`;
    const { stdout } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
    expect(stdout.split('\0').slice(0, -1)).toEqual(texts);
  }
});

it('a path that needs no quotes has none', () => {
  expect(toShellWord('/home/me/.codex-work/auth.json')).toBe('/home/me/.codex-work/auth.json');
  expect(toShellWord('/home/me/my dir')).toBe("'/home/me/my dir'");
});
