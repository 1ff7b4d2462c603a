import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openFaultHome } from '../faults/home.ts';
import { openOuter } from '../pty/outer.ts';
import { createHome, SHIM } from './sandbox.ts';

// Codex in surroundings that few have: nothing of ours decides how it ends there, and nothing of the user's is changed.

/** A codex that says that it has begun, and ends well when it is told to. */
const PATIENT_CODEX = `#!/bin/sh
case $* in
  *exec*)
    trap - TERM
    echo begun > "$HOME/begun"
    until [ -e "$HOME/go" ]; do sleep 0.05; done
    echo done > "$HOME/done" ;;
  *) echo "real codex: $*" ;;
esac
`;

const PATIENCE_MS = 20_000;

async function until(fact: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !fact(); await pause(20)) {
    if (Date.now() > deadline) throw new Error(`not so: ${what}`);
  }
}

describe('a hang-up of the terminal', () => {
  /** Starts `codex exec` as the leader of its own group, and hangs up when it runs. */
  async function hangUp(home: ReturnType<typeof createHome>, prelude: string, shell: string) {
    const script = `${prelude} exec "$HOME/${SHIM}" exec hello`;
    const child = spawn(shell, ['-c', script], {
      env: home.env,
      cwd: home.home,
      detached: true,
      stdio: 'ignore',
    });
    const pid = child.pid as number;
    onTestFinished(() => {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    });
    const ended = once(child, 'exit');
    await until(() => existsSync(home.path('begun')), 'codex runs');
    process.kill(-pid, 'SIGHUP');
    return { child, ended };
  }

  const homes: [string, (home: ReturnType<typeof createHome>) => void][] = [
    ['supervised', (home) => home.ok(['setup', '--count', '1', '--install-shim'])],
    ['where nobody is logged in', (home) => home.ok(['install-shim'])],
  ];

  test.each(
    homes.flatMap(([what, prepare]) =>
      ['dash', 'bash'].map((shell) => [what, shell, prepare] as const),
    ),
  )('that codex was told to ignore does not end its work: %s, %s', async (what, shell, prepare) => {
    const home = createHome();
    if (what === 'supervised') home.writeVault('acc1', 'ann');
    prepare(home);
    home.write('programs/codex', PATIENT_CODEX, 0o755);
    const { child, ended } = await hangUp(home, "trap '' HUP;", `/bin/${shell}`);
    // A process that a signal is to end has ended before the next one starts something.
    await pause(300);
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    writeFileSync(home.path('go'), '');
    expect(await ended).toEqual([0, null]);
    expect(home.read('done')).toBe('done\n');
  });

  test('ends it otherwise', async () => {
    const home = createHome();
    home.ok(['install-shim']);
    home.write('programs/codex', PATIENT_CODEX, 0o755);
    const { ended } = await hangUp(home, '', '/bin/sh');
    expect(await ended).toEqual([null, 'SIGHUP']);
    expect(home.exists('done')).toBe(false);
  });
});

test('a relative entry of PATH is that of the directory in which codex was typed', async () => {
  const home = createHome();
  home.write('programs/codex', '#!/bin/sh\necho "at $0: $*"\n', 0o755);
  home.ok(['install-shim']);
  const PATH = [dirname(home.path(SHIM)), './programs', '/usr/bin', '/bin'].join(':');
  for (const words of [
    ['exec', 'hello'],
    ['mcp', 'list'],
  ]) {
    const child = spawn(home.path(SHIM), words, {
      env: { ...home.env, PATH },
      cwd: home.home,
    });
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(said.replace('/./', '/')).toBe(
      `at ${home.path('programs/codex')}: ${words.join(' ')}\n`,
    );
  }
});

/** Only root can be in another's home, so only root can be shown there. */
describe.runIf(process.geteuid?.() === 0)('root with a user’s home', () => {
  const NOBODY = 65534;

  function createForeignHome() {
    const home = createHome();
    home.ok(['install-shim']);
    chownSync(home.home, NOBODY, NOBODY);
    return { home, before: readdirSync(home.home, { recursive: true }).sort() };
  }

  test.each([
    [['setup', '--count', '2']],
    [['import', '--as', 'work', 'logins/ann']],
    [['use', 'acc1']],
    [['install-shim']],
    [['status']],
    [['doctor']],
  ])('changes nothing there: codex-hotswap %s', (words) => {
    const { home, before } = createForeignHome();
    const { status, stderr } = home.run(words);
    expect(stderr).toMatch(
      /^codex-hotswap: .* belongs to another user \(uid 65534\), and you are root; .*\n$/,
    );
    expect(status).toBe(77);
    expect(readdirSync(home.home, { recursive: true }).sort()).toEqual(before);
  });

  test.each([[['exec', 'hello']], [['login', 'status']]])(
    'runs plain codex, with one line at most: codex %s',
    async (words) => {
      const { home, before } = createForeignHome();
      const child = spawn(home.path(SHIM), words, { env: home.env, cwd: home.home });
      let [said, told] = ['', ''];
      child.stdout.on('data', (text) => {
        said += text;
      });
      child.stderr.on('data', (text) => {
        told += text;
      });
      await once(child, 'close');
      if (words[0] === 'exec') expect(said).toContain('real codex: exec hello');
      expect(told.trim().split('\n').length).toBeLessThanOrEqual(1);
      const after = readdirSync(home.home, { recursive: true }).sort();
      expect(after.filter((name) => !/^(asked|home-at-login)$/.test(String(name)))).toEqual(before);
    },
  );
});

// The stand-in's clock needs a GNU date.
describe.skipIf(process.platform !== 'linux')('a directory that is gone at the limit', () => {
  const LINE =
    /acc1: .*; no other account goes on here: the directory .*work is missing or cannot be entered/;

  function open(args: string[]) {
    const { home, command, turns, dispose } = openFaultHome();
    onTestFinished(dispose);
    const { words, env } = command(args);
    const [file = '', ...rest] = words;
    const cwd = join(home, 'work');
    mkdirSync(cwd);
    return { home, turns, cwd, file, args: rest, env };
  }

  test('an exec ends as Codex ended, with one line', async () => {
    const { home, turns, cwd, file, args, env } = open(['exec', 'hello']);
    const child = spawn(file, args, { cwd, env: { ...env, FAULT_HOLD: '1' } });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => (output += data));
    await until(() => turns().length > 0, 'the turn has begun');
    rmdirSync(cwd);
    writeFileSync(join(home, 'go-on'), '');
    const [code] = await once(child, 'close');
    expect([code, turns()]).toEqual([1, ['acc1']]);
    expect(output.replace('LIMIT-acc1\n', '').trim()).toMatch(LINE);
    expect(output.trim().split('\n')).toHaveLength(2);
  });

  test('a TUI stays in the Codex that runs', async () => {
    const { turns, cwd, file, args, env } = open([]);
    const outer = openOuter({ file, args, env, cwd });
    await outer.waitFor('READY-acc1');
    rmdirSync(cwd);
    outer.type('g');
    await pause(100); // what comes faster is a paste
    outer.type('\r');
    await outer.waitFor('no other account goes on here');
    outer.type('q');
    expect(await outer.ended).toEqual({ kind: 'exited', code: 7 });
    expect(turns()).toEqual(['acc1']);
    expect(outer.output().toString()).toMatch(LINE);
  });
});
