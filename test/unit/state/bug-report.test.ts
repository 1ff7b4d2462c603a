import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeError, HotswapError } from '../../../src/errors.ts';
import { reportBug } from '../../../src/state/bug-report.ts';
import { forgeAuth, makeScratchHome } from './scratch-home.ts';

test('a bug is one line that names a file (0600) with the stack and its cause', () => {
  const { home } = makeScratchHome();
  const error = new TypeError('x is undefined', { cause: new Error('the cause') });
  const line = reportBug(error, { HOME: home });
  const file = /report it with (.*)$/.exec(line)?.[1] as string;
  expect(line).not.toContain('\n');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const report = readFileSync(file, 'utf8');
  expect(report).toContain(error.stack);
  expect(report).toContain('caused by Error: the cause');
  // Two at once have a file each.
  expect(reportBug(error, { HOME: home })).not.toBe(line);
});

test('a place in a program of ours is told by its source map, and another as it is', () => {
  const { home } = makeScratchHome();
  const program = join(home, 'a b', 'x.js');
  mkdirSync(join(home, 'a b'));
  // Line 1, column 1 comes from line 1; column 11 from line 3, column 5.
  const map = { version: 3, sources: ['../../src/launch/x.ts'], names: [], mappings: 'AAAA,UAEI' };
  writeFileSync(`${program}.map`, JSON.stringify(map));
  const error = new Error('x');
  error.stack = `Error: x\n    at f (${program}:1:12)\n    at ${program}:1:2\n    at g (${home}/y.js:1:12)`;
  const [, file = ''] = /report it with (.*)$/.exec(reportBug(error, { HOME: home })) ?? [];
  expect(readFileSync(file, 'utf8')).toContain(
    `Error: x\n    at f (src/launch/x.ts:3:6)\n    at src/launch/x.ts:1:2\n    at g (${home}/y.js:1:12)\n`,
  );
});

test('no token is in it', () => {
  const { home } = makeScratchHome();
  const auth = forgeAuth({ user: 'user-1', account: 'account-1' });
  const tokens = Object.values(JSON.parse(auth).tokens as Record<string, string>);
  const file = /report it with (.*)$/.exec(
    reportBug(new SyntaxError(`Unexpected token in ${auth} sk-abcdefgh1234 rt_abcdefgh1234`), {
      HOME: home,
    }),
  )?.[1] as string;
  const report = readFileSync(file, 'utf8');
  for (const token of [...tokens, 'abcdefgh1234']) {
    if (token.length > 20 || token === 'abcdefgh1234') expect(report).not.toContain(token);
  }
});

test('where none can be kept the line says so, and has the message', () => {
  const { home } = makeScratchHome();
  const file = join(home, 'file');
  writeFileSync(file, '');
  const line = reportBug(new Error('one\ntwo'), { HOME: home, XDG_STATE_HOME: file });
  expect(line).toMatch(
    /^this is a bug in codex-hotswap \(Error: one\), and no report could be written \(E\w+\)$/,
  );
});

test('the failure of a system call is no bug, and neither is an error that is expected', () => {
  const report = () => {
    throw new Error('reported');
  };
  const full = Object.assign(new Error('x'), { code: 'ENOSPC', syscall: 'open', path: '/a' });
  expect(describeError(full, report)).toEqual({
    text: 'codex-hotswap: open of /a failed (ENOSPC)',
    exitStatus: 74,
  });
  expect(describeError(new HotswapError('in-use', 'it is', ''), report).text).toBe(
    'codex-hotswap: it is',
  );
  expect(describeError(new Error('a bug'), () => 'kept').text).toBe('codex-hotswap: kept');
});
