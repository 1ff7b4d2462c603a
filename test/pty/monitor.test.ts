import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAlive, shells, spawnFixture, until } from './direct.ts';
import { fixture } from './fixture.ts';
import { readProcess } from './processes.ts';

/** What is told by /proc cannot be asked elsewhere. */
const isLinux = process.platform === 'linux';

const FATAL = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGILL',
  'SIGTRAP',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGKILL',
  'SIGUSR1',
  'SIGSEGV',
  'SIGUSR2',
  'SIGPIPE',
  'SIGALRM',
  'SIGTERM',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGVTALRM',
  'SIGPROF',
  'SIGSYS',
] as const;

describe.each(shells)('monitor in %s', (_name, shell) => {
  test('all 256 exit codes', async () => {
    for (let code = 0; code < 256; code += 1) {
      const { ended } = spawnFixture('exit-with', [`${code}`], { shell });
      const status = await ended;
      // Where the shell cannot tell, the `$?` of whoever waits for us is the same.
      if (code === 141 || (code === 130 && status.kind === 'signalled')) {
        expect(status).toMatchObject({ kind: 'signalled', number: code - 128 });
      } else {
        expect(status).toEqual({ kind: 'exited', code });
      }
    }
  });

  test('130 is told from SIGINT where the shell can', async () => {
    const { ended } = spawnFixture('exit-with', ['130'], { shell });
    const isBash = spawnSync(shell, ['-c', 'echo $BASH_VERSION']).stdout.toString().trim() !== '';
    expect((await ended).kind).toBe(isBash ? 'signalled' : 'exited');
  });

  test.each(FATAL)('death by %s', async (signal) => {
    const { ended } = spawnFixture('die-of', [signal.slice(3)], { shell });
    expect(await ended).toEqual({ kind: 'signalled', signal, number: constants.signals[signal] });
  });

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGKILL'] as const)(
    'a stopped command takes %s',
    async (signal) => {
      const { child, ended } = spawnFixture('stop-self', [], { shell });
      await new Promise<void>((resolve) => child.onStopped(resolve));
      child.signal(signal);
      expect(await ended).toEqual({ kind: 'signalled', signal, number: constants.signals[signal] });
    },
  );

  test('stops and goes on, as often as it likes', async () => {
    const { child, ended, output, waitFor } = spawnFixture('stop-self', ['1000'], { shell });
    await new Promise<void>((resolve) => child.onStopped(resolve));
    child.continueJob();
    await waitFor('after');
    for (let round = 0; round < 5; round += 1) {
      const stopped = new Promise<void>((resolve) => child.onStopped(resolve));
      process.kill(-(child.pid as number), 'SIGSTOP');
      await stopped;
      child.continueJob();
      await until(() => readProcess(child.pid as number).state === 'S', 'running again');
    }
    child.signal('SIGTERM');
    expect(await ended).toMatchObject({ signal: 'SIGTERM' });
    expect(output()).toBe('before\r\n24 80 after\r\n');
  });

  test('a command killed while it is stopped', async () => {
    const { child, ended } = spawnFixture('stop-self', [], { shell });
    await new Promise<void>((resolve) => child.onStopped(resolve));
    process.kill(-(child.pid as number), 'SIGKILL');
    child.continueJob();
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
  });

  test.runIf(isLinux)(
    'the command is in the foreground, with its own group, from its first instruction',
    async () => {
      const { child, ended, output } = spawnFixture('/bin/cat', ['/proc/self/stat'], { shell });
      await ended;
      const [pid, , , , group, , , foreground] = output().split(' ');
      expect([pid, group, foreground]).toEqual(Array(3).fill(`${child.pid}`));
    },
  );

  test.runIf(isLinux)(
    'environment, signal dispositions and descriptors are those of a direct start',
    async () => {
      const env = {
        ...process.env,
        SHLVL: '3',
        PWD: process.cwd(),
        nonce: 'mine',
        FOO: 'a\nb c ',
      } as Record<string, string>;
      const bare = spawnSync('/usr/bin/env', ['-0'], { env }).stdout.toString();
      const { ended, output } = spawnFixture('/usr/bin/env', ['-0'], {
        shell,
        env,
        termios: 'sane',
      });
      await ended;
      const sorted = (text: string) =>
        text
          .split('\0')
          .filter((line) => !/^_=/.test(line))
          .sort();
      expect(sorted(output().replaceAll('\r\n', '\n'))).toEqual(sorted(bare));

      const seen = spawnFixture('show-process', ['a b', '', '*'], { shell });
      await seen.ended;
      const direct = spawnSync(fixture('show-process'), ['a b', '', '*']);
      const facts = (text: string) =>
        text
          .replaceAll('\r\n', '\n')
          .split('\n')
          .filter((line) => !line.startsWith('fds='))
          .sort();
      expect(facts(seen.output())).toEqual(facts(`${direct.stdout}${direct.stderr}`));
      // The test runner leaks descriptors of its own into a direct child: none but those may be here.
      const descriptors = (text: string) => /fds=([\d ]+)/.exec(text)?.[1]?.trim().split(' ') ?? [];
      expect(descriptors(`${direct.stdout}`)).toEqual(
        expect.arrayContaining(descriptors(seen.output())),
      );
    },
  );

  test('PWD stays the logical path; without one, none appears', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pty-'));
    const link = join(directory, 'link');
    symlinkSync('/usr', link);
    const env = { ...process.env, PWD: link } as Record<string, string>;
    const linked = spawnFixture('/usr/bin/env', [], { shell, cwd: link, env });
    await linked.ended;
    expect(linked.output()).toContain(`PWD=${link}\r\n`);
    const { PWD: _, ...without } = env;
    const none = spawnFixture('/usr/bin/env', [], { shell, cwd: link, env: without });
    await none.ended;
    expect(none.output()).not.toMatch(/^PWD=/m);
    rmSync(directory, { recursive: true });
  });

  test('termios of the user, and iutf8, before the command starts', async () => {
    const { ended, output } = spawnFixture('report-stty', [], { shell, termios: userTermios() });
    await ended;
    expect(output()).toMatch(/intr = \^X;.* iutf8/s);
  });

  test('stderr goes where the user sent it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pty-'));
    const stderr = join(directory, 'log');
    spawnSync('sh', ['-c', `echo before >${stderr}`]);
    const { ended, output } = spawnFixture('show-process', [], { shell, stderr });
    await ended;
    expect(output()).not.toContain('stderr is here');
    expect(readFileSync(stderr, 'utf8')).toBe('before\nstderr is here\n');
    rmSync(directory, { recursive: true });
  });

  test.each([
    ['/no/such/program', 127],
    ['/etc/passwd', 126],
  ])('%s: %i', async (file, code) => {
    const { ended } = spawnFixture(file, [], { shell });
    expect(await ended).toEqual({ kind: 'exited', code });
  });

  test('a killed monitor takes even a command along that ignores the hang-up', async () => {
    const { child, ended, waitFor } = spawnFixture('ignore-hangup', [], { shell });
    await waitFor('ready');
    // What the command prints may be read before the monitor's report of its pid.
    await until(() => child.pid !== undefined, 'the pid is told');
    const pid = child.pid as number;
    process.kill(readProcess(pid).parent, 'SIGKILL');
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
    await until(() => !isAlive(pid), 'the command is gone');
  });
});

/** Ctrl-X instead of Ctrl-C, no iutf8. */
function userTermios(): string {
  const script = 'stty sane intr ^X -iutf8; stty -g';
  const args = isLinux ? ['-qec', script, '/dev/null'] : ['-q', '/dev/null', 'sh', '-c', script];
  const { stdout } = spawnSync('script', args);
  return stdout.toString().trim();
}
