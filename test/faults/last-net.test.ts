import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { waitForNoStrays } from '../lab/strays.ts';
import { openOuter } from '../pty/outer.ts';
import { openFaultHome } from './home.ts';

const THROW = fileURLToPath(new URL('throw.cjs', import.meta.url));
const COMMAND = fileURLToPath(new URL('../../dist/bin/codex-hotswap.js', import.meta.url));
const LINE =
  /codex-hotswap: this is a bug in codex-hotswap \(TypeError\), please report it with (.*)$/m;
const STACK = /^ {4}at |node:internal|Node\.js v|on purpose/m;

/** A home whose launcher throws when it is told to. */
function open() {
  const home = openFaultHome();
  onTestFinished(home.dispose);
  const command = (args: string[]) => {
    const { words, env } = home.command(args);
    const [file = '', ...rest] = words;
    return {
      file,
      args: rest,
      env: { ...env, NODE_OPTIONS: `--require=${JSON.stringify(THROW)}` },
    };
  };
  return {
    ...home,
    command,
    /** Resolves when it has happened, and the report is there. */
    async cause(what: 'throw' | 'reject'): Promise<string> {
      writeFileSync(join(home.home, what), '');
      const reports = join(home.home, '.local/state/codex-hotswap/reports');
      for (;;) {
        const [name] = existsSync(reports) ? readdirSync(reports) : [];
        if (name !== undefined) return join(reports, name);
        await new Promise((resume) => setTimeout(resume, 5));
      }
    },
  };
}

describe.each(['throw', 'reject'] as const)('a bug that nobody caught (%s)', (what) => {
  test('in a TUI: keys, output, stop, resize and exit status go on; modes and settings are restored; one line', async () => {
    const { command, cause, home } = open();
    const outer = openOuter({ ...command([]), cwd: home });
    const before = outer.stty();
    await outer.waitFor('READY-acc1');
    const report = await cause(what);
    // Nothing of ours while Codex draws.
    expect(outer.output().toString()).not.toContain('codex-hotswap');
    outer.type('g\r');
    const at = await outer.waitFor('LIMIT-acc1');
    outer.type('q');
    expect(await outer.ended).toEqual({ kind: 'exited', code: 7 });
    const output = outer.output().toString().replaceAll('\r', '');
    expect(LINE.exec(output.slice(at - 1))?.[1]).toBe(report);
    expect(output).not.toMatch(STACK);
    expect(output).toContain('\u001b[?2004l');
    expect(outer.stty()).toBe(before);
    expect(statSync(report).mode & 0o777).toBe(0o600);
    expect(readFileSync(report, 'utf8')).toMatch(/TypeError: .* on purpose\n {4}at /);
    expect(await waitForNoStrays(home, 4000)).toBe(true);
  });

  test('in an exec: the child is the last, and its status ours', async () => {
    const { command, cause, home, turns } = open();
    const { file, args, env } = command(['exec', 'hello']);
    const child = spawn(file, args, { cwd: home, env: { ...env, FAULT_HOLD: '1' } });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => (output += data));
    while (turns().length === 0) await new Promise((resume) => setTimeout(resume, 5));
    await cause(what);
    writeFileSync(join(home, 'go-on'), '');
    const [code] = await once(child, 'close');
    expect(code).toBe(1);
    expect(turns()).toEqual(['acc1']);
    expect(output).toMatch(LINE);
    expect(output).not.toMatch(STACK);
  });
});

describe('no stack reaches a screen', () => {
  test.skipIf(!existsSync('/dev/full')).each(['status', '--help', 'log'])(
    'codex-hotswap %s > /dev/full',
    (word) => {
      const { home, command } = open();
      const { env } = command([]);
      const run = spawnSync(
        '/bin/sh',
        ['-c', '"$0" "$1" "$2" > /dev/full', process.execPath, COMMAND, word],
        {
          ...{ cwd: home, env, encoding: 'utf8' },
        },
      );
      expect(run.stderr).toMatch(/^codex-hotswap: write failed \(ENOSPC\)\n$/);
      expect(run.status).toBe(74);
    },
  );

  test.skipIf(!existsSync('/dev/full'))('codex exec 2> /dev/full: its own status', () => {
    const { home, command } = open();
    const { file, args, env } = command(['exec', 'hello']);
    const run = spawnSync('/bin/sh', ['-c', '"$@" 2> /dev/full', 'sh', file, ...args], {
      ...{ cwd: home, env, encoding: 'utf8' },
    });
    expect([run.status, run.stdout]).toEqual([7, 'LIMIT-acc1\nANSWER-acc2\n']);
  });

  test('codex-hotswap status | head -1', () => {
    const { home, command } = open();
    const { env } = command([]);
    const run = spawnSync(
      '/bin/sh',
      ['-c', '"$0" "$1" status | head -1', process.execPath, COMMAND],
      { cwd: home, env, encoding: 'utf8' },
    );
    expect(run.stderr).toBe('');
  });
});
