import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseArgv } from '../../../src/codex/argv.ts';
import { shellHome } from '../../../src/launch/shell-home.ts';
import { makeScratchHome } from '../state/scratch-home.ts';

const SETS_HOME = '[shell_environment_policy.set]\nCODEX_HOME = "/theirs"\n';

function ask(typed: string[] = [], written: Record<string, string> = {}) {
  const { home, sharedHome } = makeScratchHome();
  for (const [name, text] of Object.entries({
    'work/deep/file': '',
    'other/file': '',
    ...written,
  })) {
    mkdirSync(join(home, name, '..'), { recursive: true });
    writeFileSync(join(home, name), text);
  }
  const invocation = parseArgv(typed.map((word) => word.replace('HOME', home)));
  if (invocation.mode === 'passthrough') throw new Error('not supervised');
  const cwd = join(home, 'work', 'deep');
  const configText = written['.codex/config.toml'] ?? '';
  const question = { invocation, cwd, sharedHome, configText, systemDir: join(home, 'etc') };
  return shellHome(question).then((answer) => answer === sharedHome);
}

test('the shell has the shared home, also beside other variables of the user', async () => {
  expect(await ask()).toBe(true);
  const text = '[shell_environment_policy.set]\nFOO = "1"\n';
  expect(await ask([], { '.codex/config.toml': text, 'work/.codex/config.toml': text })).toBe(true);
});

test.each<[string, string[], string]>([
  ['the user', [], '.codex/config.toml'],
  ['a profile', ['-p', 'night'], '.codex/night.config.toml'],
  ['the project', [], 'work/.codex/config.toml'],
  ['a directory of the project', [], 'work/deep/.codex/config.toml'],
  ['the project of -C', ['-C', 'HOME/other'], 'other/.codex/config.toml'],
  ['the project of a relative -C', ['--cd', '../../other'], 'other/.codex/config.toml'],
  ['the administrator', [], 'etc/config.toml'],
  ['… above the user', [], 'etc/managed_config.toml'],
])('%s decides it', async (_, typed, file) => {
  expect(await ask(typed, { [file]: SETS_HOME })).toBe(false);
});

test('a profile, and a project, that are not used decide nothing', async () => {
  const written = { '.codex/night.config.toml': SETS_HOME, 'other/.codex/config.toml': SETS_HOME };
  expect(await ask([], written)).toBe(true);
});

test('a pipe in the place of a project’s file is not read: its other end may never come', async () => {
  const { home, sharedHome } = makeScratchHome();
  mkdirSync(join(home, '.codex'), { recursive: true });
  const pipe = join(home, 'work/.codex/config.toml');
  mkdirSync(join(pipe, '..'), { recursive: true });
  spawnSync('mkfifo', [pipe]);
  // Who reads it gets an answer, or this test would hang with the product.
  const writer = spawn('sh', [
    '-c',
    `printf '${SETS_HOME.replaceAll('\n', '\\n')}' >"$1"`,
    'sh',
    pipe,
  ]);
  onTestFinished(() => void writer.kill());
  const invocation = parseArgv([]);
  if (invocation.mode === 'passthrough') throw new Error('not supervised');
  const place = { invocation, cwd: join(home, 'work'), sharedHome };
  expect(await shellHome({ ...place, configText: '', systemDir: join(home, 'etc') })).toBe(
    sharedHome,
  );
});
