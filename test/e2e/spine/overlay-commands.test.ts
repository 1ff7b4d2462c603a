import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Backend, startBackend } from '../../lab/backend/index.ts';
import { codexUnderTest } from '../../lab/codex-under-test.ts';
import { openOuterTerminal } from '../../lab/outer-terminal.ts';
import { createOverlayHomes, listNames, type OverlayHome } from '../../lab/overlay-homes.ts';
import type { RunResult } from '../../lab/sandbox.ts';
import { quit } from '../../lab/supervised.ts';

// Nobody can tell codex from codex: what a program sees that runs the shim, compared with the real Codex in the same home.

const LOG_LINE = /^(\x1b\[[\d;]*m)*<time>(\x1b\[[\d;]*m|\s)+(ERROR|WARN)[^\n]*\n/gm;
const NO_THREAD = '01a1fc00-0000-7000-8000-000000000000';

const { openHome, close } = createOverlayHomes();
let backend: Backend;
let home: OverlayHome;

beforeAll(async () => {
  backend = await startBackend({ accounts: [{ name: 'acc1' }] });
});
afterAll(() => backend.close());
beforeEach(async () => {
  home = await openHome(backend, ['acc1']);
});
afterEach(async () => {
  await close();
  backend.setScript(undefined);
  backend.account('acc1').turnsLeft = Number.POSITIVE_INFINITY;
});

it('utility commands are the real ones on the shared home, and make no overlay', async () => {
  const commands = [
    ['--version'],
    ['--help'],
    ['exec', '--help'],
    ['features', 'list'],
    ['mcp', 'list'],
    ['mcp', 'list', '--json'],
    ['completion', 'bash'],
    ['login', 'status'],
    ['mcp', 'get', 'nobody'],
    ['mcp', 'frobnicate'],
    ['--no-such-option'],
    ['exec', '--no-such-option'],
    ['resume', '--no-such-option'],
  ];
  await home.box.run(home.codex, ['mcp', 'add', 'lab', '--', 'true']);
  expect(readFileSync(join(home.box.codexHome, 'config.toml'), 'utf8')).toContain(
    'mcp_servers.lab',
  );
  for (const args of commands.slice(0, -2)) {
    const [bare, ours] = [
      await home.box.run(home.real, args),
      await home.box.run(home.codex, args),
    ];
    expect(ours, args.join(' ')).toEqual(bare);
  }
  expect(listNames(home.paths.runtimeDir)).toEqual([]);
  // These are Codex's to refuse, wherever they run.
  for (const args of commands.slice(-2)) {
    const [bare, ours] = [
      await home.box.run(home.real, args),
      await home.box.run(home.codex, args),
    ];
    expect(ours, args.join(' ')).toEqual(bare);
    expect(ours.status).toBe(2);
  }
});

describe('codex exec', () => {
  // An answer always in the same words, so that two runs can be compared.
  const speakAlike = () => backend.setScript(() => ({ text: 'the same answer' }));

  it.each([
    { name: 'a prompt', args: ['exec', 'hello'] },
    { name: '--json', args: ['exec', '--json', 'hello'] },
    { name: 'a prompt on stdin', args: ['exec', '-'], input: 'asked on stdin\n' },
    { name: 'a prompt and more on stdin', args: ['exec', 'read this'], input: 'x'.repeat(200_000) },
    { name: '-o and --color', args: ['exec', '--color', 'always', '-o', 'last.txt', 'hello'] },
    { name: 'a review', args: ['review', '--uncommitted'] },
    { name: 'a usage error', args: ['exec', '--sandbox', 'nonsense', 'hello'], status: 2 },
    { name: 'a directory that is not there', args: ['exec', '-C', 'nowhere', 'hello'], status: 1 },
    { name: 'an unknown thread', args: ['exec', 'resume', NO_THREAD, 'hello'], status: 1 },
  ])('$name: the same bytes and exit status', async ({ args, input, status = 0 }) => {
    speakAlike();
    writeFileSync(join(home.box.work, 'new.txt'), 'something to review\n');
    const options = input === undefined ? {} : { input };
    const asked = backend.turns().length;
    const bare = await home.box.run(home.real, args, options);
    const askedBare = backend.turns().slice(asked);
    const ours = await home.box.run(home.codex, args, options);
    const askedOurs = backend.turns().slice(asked + askedBare.length);
    expect(bare.status).toBe(status);
    expect(comparable(ours)).toEqual(comparable(bare));
    const words = (turns: typeof askedBare) => turns.map(({ turn }) => turn?.userTexts);
    expect(words(askedOurs)).toEqual(words(askedBare));
  });

  it.each(['workspace-write', 'read-only'])(
    'tools do the same in the sandbox %s',
    async (sandbox) => {
      const command = 'echo written > made.txt; cat made.txt; pwd';
      const patch = '*** Begin Patch\n*** Add File: patched.txt\n+by a patch\n*** End Patch';
      const outcomes: unknown[] = [];
      for (const file of [home.real, home.codex]) {
        backend.enqueue([
          // One pipe: Codex reads two in any order.
          { calls: [{ kind: 'shell', command: `exec 2>&1; ${command}` }] },
          { calls: [{ kind: 'apply_patch', patch }] },
          { text: 'done' },
        ]);
        const asked = backend.turns().length;
        const ran = await home.box.run(file, ['exec', '-s', sandbox, 'use your tools']);
        const outputs = JSON.stringify(backend.turns().at(-1)?.turn?.input.slice(-8));
        const made = listNames(home.box.work);
        for (const name of ['made.txt', 'patched.txt']) {
          rmSync(join(home.box.work, name), { force: true });
        }
        outcomes.push({
          status: ran.status,
          turns: backend.turns().length - asked,
          made,
          said: toolOutputs(outputs),
        });
      }
      expect(outcomes[1]).toEqual(outcomes[0]);
    },
  );

  it('a limit with no other account: exit status 1, the words of Codex on stdout', async () => {
    backend.account('acc1').turnsLeft = 0;
    for (const args of [
      ['exec', 'hello'],
      ['exec', '--json', 'hello'],
    ]) {
      const [bare, ours] = [
        await home.box.run(home.real, args),
        await home.box.run(home.codex, args),
      ];
      expect(ours.status).toBe(1);
      expect(comparable(ours).stdout).toEqual(comparable(bare).stdout);
    }
  });

  it('in a terminal it looks the same, and has no pty between', async () => {
    speakAlike();
    const shown: string[] = [];
    for (const file of [home.real, home.codex]) {
      const options = { file, args: ['exec', 'hello'], env: home.box.env, cwd: home.box.work };
      const terminal = openOuterTerminal(options);
      expect(await terminal.waitForExit()).toEqual({ status: 0, signal: 0 });
      shown.push(withoutIds(terminal.raw().toString()));
      await terminal.dispose();
    }
    expect(shown[1]).toBe(shown[0]);
  });

  it.runIf(process.platform === 'linux')('has the descriptors of its caller', async () => {
    replaceCodex('readlink /proc/self/fd/0 /proc/self/fd/1');
    const line = `exec "${home.codex}" exec hello < prompt.txt > said.txt 2> complained.txt`;
    writeFileSync(join(home.box.work, 'prompt.txt'), 'hello\n');
    expect((await home.box.run('sh', ['-c', line])).status).toBe(0);
    const file = (name: string) => join(home.box.work, name);
    expect(readFileSync(file('said.txt'), 'utf8')).toBe(
      `${file('prompt.txt')}\n${file('said.txt')}\n`,
    );
    expect(readFileSync(file('complained.txt'), 'utf8')).toBe('');
  });
});

describe('a terminal on one side only', () => {
  // What Codex says without a terminal is its own business: ours must say the same.
  it.each([
    '"$CODEX" | cat',
    '"$CODEX" < prompt.txt',
    '"$CODEX" > said.txt; cat said.txt',
    'TERM=dumb "$CODEX" < /dev/null',
  ])('%s', async (line) => {
    writeFileSync(join(home.box.work, 'prompt.txt'), 'hello\n');
    const shown: string[] = [];
    for (const CODEX of [home.real, home.codex]) {
      const terminal = openOuterTerminal({
        file: '/bin/bash',
        args: ['-c', `${line}; echo "status \${PIPESTATUS[*]} $?"`],
        env: { ...home.box.env, CODEX },
        cwd: home.box.work,
      });
      await terminal.waitForExit();
      shown.push(terminal.raw().toString());
      await terminal.dispose();
    }
    expect(shown[1]).toBe(shown[0]);
    expect(listNames(home.paths.runtimeDir)).toEqual([]);
  });

  it('codex 2>log: a session as always, and what Codex writes to stderr is in the file', async () => {
    const log = join(home.box.work, 'log');
    const open = () =>
      openOuterTerminal({
        file: '/bin/sh',
        args: ['-c', `exec "${home.codex}" 2>log`],
        env: home.box.env,
        cwd: home.box.work,
      });
    const session = open();
    expect(await quit(session)).toEqual({ status: 0, signal: 0 });
    expect(readFileSync(log, 'utf8')).toBe('');
    await session.dispose();

    replaceCodex('printf shown; printf noted >&2; [ -t 1 ] && [ ! -t 2 ]');
    const fixture = open();
    expect(await fixture.waitForExit()).toEqual({ status: 0, signal: 0 });
    expect(fixture.raw().toString()).toBe('shown');
    expect(readFileSync(log, 'utf8')).toBe('noted');
    await fixture.dispose();
  });
});

/** Makes the real Codex a script, which is asked first what it can do (`--help`, `features list`). */
function replaceCodex(script: string): void {
  const file = join(home.box.home, 'stand-in');
  const probes = 'case "$*" in --help | "features list") exit 0 ;; esac';
  writeFileSync(file, `#!/bin/sh\n${probes}\n${script}\n`, { mode: 0o755 });
  rmSync(home.real);
  symlinkSync(file, home.real);
}

function toolOutputs(input: string): string[] {
  return [...input.matchAll(/"output":("(?:[^"\\]|\\.)*"|\[.*?\])/g)].map(([, output]) =>
    withoutIds(output as string).replace(/Wall time[^\\]*|Chunk ID[^\\]*/g, ''),
  );
}

/** A run without what differs between any two runs: ids, times, and log lines of Codex about races of its own. */
function comparable({ status, signal, stdout, stderr }: RunResult): RunResult {
  return { status, signal, stdout: withoutIds(stdout), stderr: withoutIds(stderr) };
}

function withoutIds(text: string): string {
  return withoutMemories(text)
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(LOG_LINE, '');
}

/** Codex 0.130 prints where its sandbox may write, and names CODEX_HOME there, which is the overlay. Later ones do not. */
function withoutMemories(text: string): string {
  if (codexUnderTest.isAtLeast('0.144.0')) return text;
  const homes = [home.box.codexHome, join(home.paths.runtimeDir, 'slot-1')];
  return homes.reduce((left, codexHome) => left.replaceAll(`, ${codexHome}/memories]`, ']'), text);
}
