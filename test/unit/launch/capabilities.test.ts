import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { learnCapabilities } from '../../../src/launch/capabilities.ts';
import { openScratchHome } from '../../../src/launch/scratch-home.ts';
import type { Paths } from '../../../src/state/paths.ts';
import { makeScratchHome } from '../state/scratch-home.ts';

const SCRIPT = fileURLToPath(new URL('../../fixtures/bin/learn.ts', import.meta.url));

/** A stand-in for Codex that notes each question, with the home it is asked in. */
function makeCodex(paths: Paths, more = ''): { binary: string; asked(): string[] } {
  const binary = join(paths.home, 'codex');
  const log = join(paths.home, 'asked');
  const noted = `echo "$*|$CODEX_HOME|$CODEX_SQLITE_HOME|$CODEX_ACCESS_TOKEN|$PWD|$(ls -A "$CODEX_HOME" | wc -l)"`;
  const script = `#!/bin/sh
${noted} >> '${log}'
${more}
case "$*" in
  --help) echo '      --no-daemon' ;;
  'features list') sleep 0.2; echo 'apps   stable   true' ;;
  --version) echo 'codex-cli 1.2.3-beta.4' ;;
esac
`;
  writeFileSync(binary, script);
  chmodSync(binary, 0o755);
  const asked = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
  return { binary, asked };
}

const ANSWER = {
  noDaemon: true,
  features: { apps: true },
  learnedOptions: [],
  version: '1.2.3-beta.4',
};
const homesIn = (paths: Paths) =>
  readdirSync(paths.capabilitiesDir).filter((name) => name.startsWith('home-'));

test('six first starts at once ask a new Codex once, in a home that leads to no login', async () => {
  const paths = makeScratchHome();
  const { binary, asked } = makeCodex(paths);
  const env = { ...process.env, CODEX_HOME: paths.sharedHome, CODEX_ACCESS_TOKEN: 'token' };
  const starts = [...Array(6).keys()].map(async () => {
    const args = ['--import', 'tsx', SCRIPT, paths.home, binary];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    let said = '';
    for await (const chunk of child.stdout) said += chunk;
    await ended;
    return JSON.parse(said);
  });
  expect(await Promise.all(starts)).toEqual(Array(6).fill(ANSWER));
  const questions = asked().map((line) => line.split('|'));
  expect(questions.map(([words]) => words).sort()).toEqual([
    '--help',
    '--version',
    'features list',
  ]);
  for (const [, home = '', databases, token, cwd] of questions) {
    expect(home.startsWith(join(paths.capabilitiesDir, 'home-'))).toBe(true);
    expect([databases, token, cwd]).toEqual([home, '', home]);
  }
  expect(questions[0]?.at(-1)?.trim()).toBe('0');
  expect(homesIn(paths)).toEqual([]);
});

test('the home is private while it is used, and that of a killed process is removed later', async () => {
  const paths = makeScratchHome();
  const { binary } = makeCodex(paths, `ls -ld "$CODEX_HOME" > '${paths.home}/mode'`);
  for (const [name, hours] of [
    ['home-1-old', 2],
    ['home-2-young', 0.5],
  ] as const) {
    mkdirSync(join(paths.capabilitiesDir, name), { recursive: true, mode: 0o700 });
    const time = Date.now() / 1000 - hours * 3600;
    utimesSync(join(paths.capabilitiesDir, name), time, time);
  }
  for (const dir of [paths.stateDir, paths.capabilitiesDir]) chmodSync(dir, 0o700);
  expect(await learnCapabilities(paths, binary, process.env)).toEqual(ANSWER);
  expect(homesIn(paths)).toEqual(['home-2-young']);
  expect(readFileSync(join(paths.home, 'mode'), 'utf8')).toMatch(/^drwx------/);
});

test('a home that another machine has just made is left to it, whatever our clock says', () => {
  const { capabilitiesDir } = makeScratchHome();
  const theirs = openScratchHome(capabilitiesDir, {});
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 7_200_000 });
  onTestFinished(() => void vi.useRealTimers());
  openScratchHome(capabilitiesDir, {});
  expect(existsSync(theirs.home)).toBe(true);
});

test('what was learned is remembered', async () => {
  const paths = makeScratchHome();
  const { binary, asked } = makeCodex(paths);
  await learnCapabilities(paths, binary, process.env);
  await learnCapabilities(paths, binary, process.env);
  expect(asked()).toHaveLength(3);
  expect(statSync(paths.capabilitiesDir).mode & 0o777).toBe(0o700);
});

test('one that cannot be asked gets no optional flag, and is asked again', async () => {
  const paths = makeScratchHome();
  const { binary, asked } = makeCodex(paths, 'exit 1');
  const nothing = { noDaemon: false, features: {}, learnedOptions: [] };
  expect(await learnCapabilities(paths, binary, process.env)).toEqual(nothing);
  expect(await learnCapabilities(paths, binary, process.env)).toEqual(nothing);
  expect(asked().filter((line) => line.startsWith('--help'))).toHaveLength(2);
});

test('where nothing can be kept, it is asked in a temporary home all the same, which is removed', async () => {
  const paths = makeScratchHome();
  const { binary, asked } = makeCodex(paths);
  mkdirSync(paths.stateDir, { recursive: true, mode: 0o700 });
  writeFileSync(paths.capabilitiesDir, 'no directory');
  expect(await learnCapabilities(paths, binary, process.env)).toEqual(ANSWER);
  const homes = asked().map((line) => line.split('|')[1] as string);
  expect(new Set(homes).size).toBe(1);
  expect(homes.map((home) => existsSync(home))).toEqual([false, false, false]);
});
