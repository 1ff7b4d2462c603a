import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseArgv } from '../../src/codex/argv.ts';
import { probeCapabilities } from '../../src/codex/capabilities.ts';
import {
  COMMANDS,
  EXEC_COMMANDS,
  OPTIONS,
  type SupervisedCommand,
} from '../../src/codex/grammar.ts';
import { parseHelpOptions } from '../../src/codex/help-text.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import { makeSandbox, type Sandbox } from '../lab/sandbox.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await makeSandbox();
});
afterAll(() => sandbox.dispose());

const codex = (...args: string[]) => sandbox.run(codexUnderTest.native, args);

describe(`the grammar of codex ${codexUnderTest.version}`, () => {
  test.each(Object.keys(OPTIONS) as SupervisedCommand[])('options of %s', async (command) => {
    const words = command === 'codex' ? [] : command.split(' ');
    const { stdout } = await codex(...words, '--help');
    // What an old version has not, it answers with the help of the command above.
    if (!stdout.includes(`Usage: codex ${words.join(' ')}`.trim())) return;
    const listed = parseHelpOptions(stdout);
    expect(listed.length).toBeGreaterThan(5);
    const known = new Map(OPTIONS[command].map((option) => [option.name, option]));
    for (const { name, short, arity } of listed) {
      const option = known.get(name);
      expect([name, option?.short, option?.arity]).toEqual([name, short, arity]);
    }
  });

  test('every command it lists is known', async () => {
    const listed = (help: string) =>
      [...(help.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? '').matchAll(/^ {2}(\S+) /gm)].map(
        (match) => match[1] as string,
      );
    const root = listed((await codex('--help')).stdout);
    expect(root).toContain('resume');
    expect(root.filter((name) => !COMMANDS.has(name))).toEqual([]);
    const exec = listed((await codex('exec', '--help')).stdout);
    expect(exec.filter((name) => !EXEC_COMMANDS.has(name))).toEqual([]);
  });

  // With --help at the end the binary says itself which command it took the words for.
  test.each([
    'foo',
    'resume',
    'foo resume',
    '-i a resume',
    '-i a b resume',
    '--image=a resume',
    '-ia resume',
    '-i=a resume',
    '-m gpt resume',
    '-mgpt resume',
    '-m=gpt resume',
    '-Cmfoo fork',
    '-i a -m x resume',
    '-m a resume -m b',
    'resume help',
    'resume exec',
    'resume --last foo',
    'fork a b',
    'resum',
    '--search',
    '--yolo fork',
    '-c a=b -c c=d',
    'exec',
    'e',
    'exec foo resume',
    'exec -i a resume',
    'exec -ia resume',
    'e resume -i a b',
    'exec --json resume --json',
    'exec review',
    'review',
    '-a never exec',
    'exec - resume',
    '--enable=x exec --color always',
  ])('codex %s', async (line) => {
    const words = line.split(' ');
    const { stdout } = await codex(...words, '--help');
    const usage = /^Usage: codex ((?:[a-z]+ )*)\[/m.exec(stdout)?.[1]?.trim();
    const parsed = parseArgv(words);
    expect(parsed.mode).not.toBe('passthrough');
    expect(parsed.command).toBe(usage === '' ? 'codex' : usage);
  });

  test.each(['-m', '-m --search', 'foo bar', 'resume a b c', '-- foo bar', 'review a b'])(
    'codex %s is refused by itself',
    async (line) => {
      const words = line.split(' ');
      expect(parseArgv(words)).toMatchObject({ mode: 'passthrough', reason: 'malformed' });
      expect(await codex(...words)).toMatchObject({ status: 2 });
    },
  );

  test('what it can do is asked of it', async () => {
    const capabilities = await probeCapabilities(async (args) => (await codex(...args)).stdout);
    const { stdout } = await codex('--help');
    expect(capabilities.noDaemon).toBe(stdout.includes('--no-daemon'));
    expect(Object.keys(capabilities.features).length).toBeGreaterThan(10);
    expect(capabilities.learnedOptions).toEqual([]);
  });
});
