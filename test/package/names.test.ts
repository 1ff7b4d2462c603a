import { expect, test } from 'vitest';
import { createHome } from './sandbox.ts';

// A name that comes twice, and a name that is empty, is an error in one line, and nothing is changed.

const TWICE: string[][] = [
  ['setup', '--force', '--accounts', 'main,main'],
  ['setup', '--force', '--accounts', 'main, main'],
  ['setup', '--force', '--accounts', 'Main,main'],
  ['launch', '--only', 'acc1,acc1'],
  ['refresh', 'acc1', 'acc1'],
  ['rule', 'add', '.', 'acc1', 'acc1'],
];
const EMPTY: string[][] = ['', ' ', '\t'].flatMap((name) => [
  ['setup', '--force', '--accounts', name],
  ['setup', '--force', '--accounts', `main,${name}`],
  ['setup', '--force', '--accounts', `${name},main`],
  ['setup', '--force', '--accounts', `main,${name},work`],
  ['setup', '--force', '--prefix', name],
  ['launch', name],
  ['launch', '--only', name],
  ['launch', '--only', `acc1,${name}`],
  ['use', name],
  ['refresh', name],
  ['refresh', 'acc1', name],
  ['enable', name],
  ['disable', name],
  ['reset', name],
  ['remove', name, '--yes'],
  ['rename', name, 'other'],
  ['rename', 'acc1', name],
  ['login', name],
  ['import', '--as', name],
  ['rule', 'add', '.', name],
  ['rule', 'add', '.', 'acc1', name],
  ['sessions', '--account', name],
]);
/** On a file system that ignores case both would have one directory. */
const OTHER_CASE: string[][] = [
  ['setup', '--force', '--accounts', 'ACC1'],
  ['setup', '--force', '--accounts', 'new,Acc2'],
  ['rename', 'acc1', 'ACC2'],
];

test.each([...TWICE, ...EMPTY, ...OTHER_CASE].map((words) => [words]))('%j', (words) => {
  const home = createHome();
  home.ok(['setup', '--count', '2']);
  const config = '.config/codex-hotswap/config.json';
  const before = home.read(config);
  const { status, stdout, stderr } = home.run(words);
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/^codex-hotswap: .*\n$/);
  expect(stdout).toBe('');
  expect(home.read(config)).toBe(before);
});

test('an import cannot make an account whose name differs only in case', () => {
  const home = createHome();
  home.ok(['setup', '--count', '2']);
  const ran = home.run(['import', home.login('eve'), '--as', 'ACC1']);
  expect(ran).toMatchObject({ status: 2, stdout: '' });
  expect(ran.stderr).toBe(
    'codex-hotswap: an account called acc1 exists already; choose another name\n',
  );
});
