import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { createHome, forgeLogin } from './sandbox.ts';

/** Says whose home it works in and what it was asked, and gives back what it reads. */
const CODEX = `#!/bin/sh
case "$*" in --version | --help | 'features list') exit 0 ;; esac
echo "$CODEX_HOME | $*"
cat
echo 'a line of codex' >&2
exit 7
`;

function setUp() {
  const home = createHome();
  home.write('programs/codex', CODEX, 0o755);
  // An old token would be refreshed first.
  home.write('.codex-acc1/auth.json', forgeLogin('acc1', Math.floor(Date.now() / 1000)));
  home.ok(['setup', '--accounts', 'acc1']);
  home.ok(['install-shim']);
  const codex = (args: string[], extra: Record<string, string> = {}, file = 'codex') => {
    const env = { ...home.env, ...extra };
    const options = { env, cwd: home.home, encoding: 'utf8', input: 'one\ntwo' } as const;
    const { status, stdout, stderr } = spawnSync(file, args, options);
    const [first = '', ...rest] = stdout.split('\n');
    return { status, first, rest: rest.join('\n'), stderr };
  };
  return { home, codex };
}

const OVERLAY = /\/codex-hotswap\/runtime\/slot-1 \| /;

test.each([
  [['app-server']],
  [['app-server', '--stdio']],
  [['app-server', '--listen', 'stdio://', '--analytics-default-enabled']],
  [['-c', 'a=1', '--enable', 'x', 'app-server', '-c', 'b=2']],
])('a session: codex %j', (args) => {
  const { home, codex } = setUp();
  const ran = codex(args);
  expect(ran.first).toMatch(OVERLAY);
  // Our options stand before the user's words.
  expect(ran.first).toMatch(new RegExp(`${args.join(' ')}$`));
  // Every other byte on stdout is the server's own.
  expect(ran).toMatchObject({ status: 7, rest: 'one\ntwo', stderr: 'a line of codex\n' });
  const { sessions } = JSON.parse(home.ok(['sessions', '--json']));
  expect(sessions).toMatchObject([{ mode: 'app-server', args, client: null, target: 'acc1' }]);
  expect(home.ok(['sessions'])).toMatch(/^ {2}acc1 {2}app-server in /);
  expect(home.ok(['log'])).toContain('started codex app-server under acc1');
});

test.each([
  [['app-server', '--listen', 'unix:///tmp/s']],
  [['app-server', '--listen=ws://127.0.0.1:0']],
  [['app-server', '--listen', 'off']],
  [['app-server', 'daemon', 'start']],
  [['app-server', 'proxy']],
  [['app-server', 'generate-ts', '--out', 'x']],
  [['app-server', 'generate-json-schema', '--out', 'x']],
  [['app-server', 'help']],
  [['app-server', '--startup-sign-out']],
  [['app-server', '--print-startup-config']],
  [['app-server', '--of-a-later-codex']],
  [['app-server', '--help']],
  [['-c', 'a=1', 'app-server', '-c', 'b=2', 'proxy']],
  [['mcp-server']],
  [['remote-control']],
])('the real Codex without an overlay: codex %j', (args) => {
  const { home, codex } = setUp();
  expect(codex(args)).toEqual({
    ...{ status: 7, first: ` | ${args.join(' ')}`, rest: 'one\ntwo', stderr: 'a line of codex\n' },
  });
  expect(JSON.parse(home.ok(['sessions', '--json'])).sessions).toEqual([]);
});

test.each([
  ['switched off', (home: Home) => void home.ok(['disable']), {}, ''],
  ['bypassed', () => {}, { CODEX_HOTSWAP_BYPASS: '1' }, ''],
  [
    'with a broken configuration',
    (home: Home) =>
      void home.write('.config/codex-hotswap/config.json', '{"version":1,"targets":5}'),
    {},
    /^codex-hotswap: .*targets must be a list.*; running codex unsupervised\n$/,
  ],
  [
    'under a login in the environment',
    () => {},
    { CODEX_ACCESS_TOKEN: 'x' },
    /^codex-hotswap: CODEX_ACCESS_TOKEN is set.*; running codex unsupervised\n$/,
  ],
])('%s, the real app-server runs, with one line at most', (_, prepare, extra, line) => {
  const { home, codex } = setUp();
  prepare(home);
  const { stderr, ...ran } = codex(['app-server'], extra);
  expect(ran).toEqual({ status: 7, first: ' | app-server', rest: 'one\ntwo' });
  expect(stderr.replace('a line of codex\n', '')).toMatch(line === '' ? /^$/ : line);
});

type Home = ReturnType<typeof createHome>;

test('a Codex that cannot be started is told on stderr only, as by a shell', () => {
  const { home, codex } = setUp();
  home.write('programs/codex', '#!/nowhere/interpreter\n', 0o755);
  const ran = codex(['app-server']);
  expect(ran).toMatchObject({ status: 127, first: '', rest: '' });
  expect(ran.stderr).toMatch(/interpreter in the first line of .* is missing/);
});

test('the screens name app-servers, their clients, their threads, and what `use` leaves behind', () => {
  const { home } = setUp();
  home.writeVault('acc2', 'acc2');
  home.ok(['import', '--as', 'acc2', `${home.home}/.codex-acc2/auth.json`]);
  const place = { cwd: '/repo', startedAt: '2026-11-21T03:45:00.000Z' };
  const write = (name: string, client: string | undefined, threads: string[]) => {
    const launch = `20261121T034500123Z-${name}`;
    const segments = threads.map((thread) => ({
      ...{ target: 'acc1', from: place.startedAt, thread },
      rollout: home.write(`.codex/sessions/rollout-${thread}.jsonl`, ''),
    }));
    const at = segments.at(-1) ?? { target: 'acc1', from: place.startedAt };
    const record = { version: 1, launch, state: 'bound', pid: process.pid, mode: 'app-server' };
    home.write(
      `.local/state/codex-hotswap/sessions/${launch}.json`,
      JSON.stringify({ ...record, ...place, client, segments: segments.length ? segments : [at] }),
    );
  };
  const ids = [1, 2, 3, 4, 5, 6, 7].map((n) => `0190a000-0000-7000-8000-00000000000${n}`);
  write('1', 'my-editor 1.2\u001b[31m', ids);
  write('2', undefined, []);
  const status = home.ok(['status']);
  expect(status).toMatch(
    new RegExp(
      `^app-server under acc1: unknown client \\(pid ${process.pid}\\), my-editor 1\\.2\\S+ \\(pid`,
      'm',
    ),
  );
  expect(status).not.toContain('\u001b');
  const sessions = home.ok(['sessions']);
  expect(sessions).toMatch(/^\* acc1 {2}app-server: my-editor 1\.2\S* in \/repo {2}running/m);
  expect(sessions).toContain('and 2 more threads before; all: --json');
  const [first] = JSON.parse(home.ok(['sessions', '--json'])).sessions.reverse();
  expect(first.threads.map(({ thread }: { thread: string }) => thread)).toEqual(ids);
  const used = home.run(['use', 'acc2']);
  expect(used.stderr).toMatch(
    /^codex-hotswap: 2 app-servers still work under acc1 \(.*my-editor 1\.2.*\); they move at the next limit/m,
  );
  expect(home.run(['use', 'acc1']).stderr).not.toContain('app-server');
});
