import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCodex } from '../../../src/launch/codex-in-use.ts';
import { locateCodex } from '../../../src/launch/locate-codex.ts';
import { writeShimRecord } from '../../../src/state/shim-record.ts';
import { makeScratchHome } from '../state/scratch-home.ts';

// Codex is updated, moved or removed while a session is open: each child gets the codex of that moment.

const WAIT = { mostMs: 400, elsewhereMs: 150, pauseMs: 10 };
/** Long enough for a change that a test makes on the way. */
const PATIENT = { ...WAIT, mostMs: 10_000 };

function openScene() {
  const paths = makeScratchHome();
  const at = (...parts: string[]) => join(paths.home, ...parts);
  const write = (file: string, content: string, mode = 0o755) => {
    mkdirSync(dirname(at(file)), { recursive: true });
    writeFileSync(at(file), content);
    chmodSync(at(file), mode);
    return at(file);
  };
  /** A stand-in: newer versions have `--no-daemon`. */
  const codex = (file: string, version: string) => {
    const daemon = version.startsWith('2') ? '      --no-daemon' : '';
    const answers = `--help) echo '${daemon}';; --version) echo 'codex-cli ${version}';;`;
    return write(
      file,
      `#!/bin/sh\ncase "$*" in ${answers} 'features list') echo 'apps  stable  true';; esac\n`,
    );
  };
  const env = { PATH: [at('first'), at('bin'), '/usr/bin', '/bin'].join(':'), HOME: paths.home };
  const open = (real: string, wait = WAIT) => openCodex({ paths, real, env }, wait);
  return { paths, at, write, codex, env, open };
}

const shown = ({ program, capabilities, news }: Awaited<ReturnType<Renew>>) => ({
  file: program.file,
  noDaemon: capabilities.noDaemon,
  news,
});
type Renew = Awaited<ReturnType<typeof openCodex>>['renew'];

describe('an update', () => {
  test('in its place: the next child has its options, and one line names both versions, once', async () => {
    const { at, codex, open } = openScene();
    const file = codex('bin/codex', '1.0.0');
    const inUse = await open(file);
    expect(shown(inUse.first)).toEqual({ file, noDaemon: false, news: undefined });
    expect(shown(await inUse.renew())).toEqual({ file, noDaemon: false, news: undefined });
    codex('new', '2.0.0');
    renameSync(at('new'), file);
    const news = 'codex-hotswap: codex is now 2.0.0 (was 1.0.0)';
    expect(shown(await inUse.renew())).toEqual({ file, noDaemon: true, news });
    expect(shown(await inUse.renew())).toEqual({ file, noDaemon: true, news: undefined });
    // It goes back.
    codex('old', '1.0.0');
    renameSync(at('old'), file);
    const back = 'codex-hotswap: codex is now 1.0.0 (was 2.0.0)';
    expect(shown(await inUse.renew())).toEqual({ file, noDaemon: false, news: back });
  });

  test.each([
    ['another directory earlier on PATH', 'first/codex', false],
    ['another version’s directory', 'versions/v24.0.0/bin/codex', true],
  ])('into %s', async (_where, place, removes) => {
    const { at, codex, env, open } = openScene();
    const before = codex('versions/v22.1.0/bin/codex', '1.0.0');
    env.PATH = `${at('first')}:${dirname(before)}:/usr/bin:/bin`;
    const inUse = await open(before);
    const file = codex(place, '2.0.0');
    if (removes) rmSync(at('versions/v22.1.0'), { recursive: true });
    expect(inUse.path()).toBe(file);
    expect(inUse.program().file).toBe(file);
    expect(shown(await inUse.renew())).toMatchObject({ file, noDaemon: true });
  });

  test('moves the native binary behind npm’s link', async () => {
    const { at, codex, open } = openScene();
    mkdirSync(at('bin'));
    for (const version of ['1.0.0', '2.0.0']) codex(`lib/${version}/codex.js`, version);
    symlinkSync(at('lib/1.0.0/codex.js'), at('bin/codex'));
    const inUse = await open(at('bin/codex'));
    symlinkSync(at('lib/2.0.0/codex.js'), at('bin/next'));
    renameSync(at('bin/next'), at('bin/codex'));
    rmSync(at('lib/1.0.0'), { recursive: true });
    expect(await inUse.renew()).toMatchObject({
      capabilities: { noDaemon: true },
      news: 'codex-hotswap: codex is now 2.0.0 (was 1.0.0)',
    });
  });

  test.each([
    ['a script', 'bin/codex'],
    ['a shim of a version manager', 'manager/program'],
  ])('behind %s, which stays the same file', async (_what, place) => {
    const { at, codex, write, open } = openScene();
    codex('target', '1.0.0');
    const wrapper = write(place, `#!/bin/sh\nexec '${at('target')}' "$@"\n`);
    if (place !== 'bin/codex') {
      mkdirSync(at('bin'));
      symlinkSync(wrapper, at('bin/codex'));
    }
    const inUse = await open(at('bin/codex'));
    codex('new', '2.0.0');
    renameSync(at('new'), at('target'));
    expect(await inUse.renew()).toMatchObject({
      capabilities: { noDaemon: true },
      news: 'codex-hotswap: codex is now 2.0.0 (was 1.0.0)',
    });
    expect((await open(at('bin/codex'))).first.capabilities.version).toBe('2.0.0');
  });

  test.each([
    ['codex-cli 2.0.0-alpha.1', '2.0.0-alpha.1'],
    ['2.0.0\\033]0;title\\007', '2.0.0'],
    ['codex two', undefined],
    [`${'9'.repeat(99)}.0.0`, '999999999.0.0'],
    [`2.0.0${'-a'.repeat(99)}`, `2.0.0${'-a'.repeat(20)}`],
  ])('that says %j is told as %s', async (said, version) => {
    const { at, codex, write, open } = openScene();
    const inUse = await open(codex('bin/codex', '1.0.0'));
    write('new', `#!/bin/sh\necho '      --no-daemon'; printf '${said}\\n'\n`);
    renameSync(at('new'), at('bin/codex'));
    const news = version && `codex-hotswap: codex is now ${version} (was 1.0.0)`;
    expect((await inUse.renew()).news).toBe(news);
  });

  test('whose version is not known is not told', async () => {
    const { at, codex, write, open } = openScene();
    const inUse = await open(codex('bin/codex', '1.0.0'));
    write('new', "#!/bin/sh\necho '      --no-daemon'\n");
    renameSync(at('new'), at('bin/codex'));
    expect((await inUse.renew()).news).toBeUndefined();
  });
});

describe('an update that is under way', () => {
  const HALVES: [string, (scene: ReturnType<typeof openScene>) => void][] = [
    ['missing', ({ at }) => rmSync(at('bin/codex'))],
    ['empty', ({ write }) => write('bin/codex', '')],
    ['not executable yet', ({ at }) => chmodSync(at('bin/codex'), 0o644)],
    [
      'half of a program',
      ({ write }) => write('bin/codex', `\u007fELF\u0002\u0001\u0001${'\0'.repeat(99)}`),
    ],
    [
      'a script whose interpreter is missing',
      ({ write }) => write('bin/codex', '#!/nowhere/node\n'),
    ],
    [
      'a script whose package is missing',
      ({ write }) => write('bin/codex', '#!/bin/sh\necho "cannot find module" >&2\nexit 1\n'),
    ],
    [
      'a link into nothing',
      ({ at }) => {
        rmSync(at('bin/codex'));
        symlinkSync(at('gone'), at('bin/codex'));
      },
    ],
  ];

  test.each(HALVES)('is waited for: %s', async (_how, spoil) => {
    const scene = openScene();
    const inUse = await scene.open(scene.codex('bin/codex', '1.0.0'), PATIENT);
    spoil(scene);
    // A question of another kind goes to the last one that was there.
    expect(inUse.path()).toBe(scene.at('bin/codex'));
    const renewed = inUse.renew();
    setTimeout(() => {
      scene.codex('new', '2.0.0');
      renameSync(scene.at('new'), scene.at('bin/codex'));
    }, 100);
    expect(shown(await renewed)).toEqual({
      file: scene.at('bin/codex'),
      noDaemon: true,
      news: 'codex-hotswap: codex is now 2.0.0 (was 1.0.0)',
    });
  });

  test.each(HALVES)('that never ends is an error that says what to do: %s', async (_how, spoil) => {
    const scene = openScene();
    const inUse = await scene.open(scene.codex('bin/codex', '1.0.0'));
    spoil(scene);
    const error = await inUse.renew().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'HotswapError' });
    const { code, message, advice } = error as { code: string; message: string; advice: string };
    expect(code).toMatch(/^codex-not-(found|runnable)$/);
    expect(message).toMatch(/bin\/codex (is gone|does not start|may not be executed)/);
    expect(advice).toMatch(/npm install -g @openai\/codex|chmod \+x/);
  });

  test('in the place on record an old one is taken, but not before the new one had its time', async () => {
    const { paths, at, codex, open } = openScene();
    const inUse = await open(codex('bin/codex', '2.0.0'), PATIENT);
    const recorded = codex('recorded/codex', '1.0.0');
    writeShimRecord(paths, { shim: at('shim'), codex: recorded });
    rmSync(at('bin/codex'));
    expect(inUse.path()).toBe(at('bin/codex'));
    const begun = performance.now();
    expect(shown(await inUse.renew())).toMatchObject({ file: recorded, noDaemon: false });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(PATIENT.elsewhereMs);
    // From now on that one is the session's.
    expect(inUse.path()).toBe(recorded);
  });
});

test('a codex that was not from PATH stays while it is there, whatever PATH has', async () => {
  const { at, codex, open } = openScene();
  const given = codex('given/1.0/codex', '1.0.0');
  const inUse = await open(given);
  const onPath = codex('bin/codex', '2.0.0');
  expect(shown(await inUse.renew())).toEqual({ file: given, noDaemon: false, news: undefined });
  const next = codex('given/1.1/codex', '1.1.0');
  rmSync(at('given/1.0'), { recursive: true });
  expect(shown(await inUse.renew())).toMatchObject({ file: next });
  rmSync(next);
  expect(shown(await inUse.renew())).toMatchObject({ file: onPath, noDaemon: true });
});

test('a script of the user that tells nothing of itself is run as before', async () => {
  const { write, open } = openScene();
  const file = write('bin/codex', '#!/bin/sh\nexit 3\n');
  const inUse = await open(file);
  expect(shown(await inUse.renew())).toEqual({ file, noDaemon: false, news: undefined });
});

test('a program that has come back to the shim is passed over, in this process only', () => {
  const { paths, at, codex, env } = openScene();
  const wrapper = codex('first/codex', '1.0.0');
  const real = codex('bin/codex', '1.0.0');
  const chain = (pid: number) => ({
    ...env,
    CODEX_HOTSWAP_SHIM: `2:${pid}:${at('shim')}:${wrapper}:${real}`,
  });
  expect(locateCodex(chain(process.pid), paths)).toEqual({ kind: 'found', path: real });
  expect(locateCodex(chain(process.pid + 1), paths)).toEqual({ kind: 'found', path: wrapper });
});
