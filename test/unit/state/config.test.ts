import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CONFIG_DEFAULTS, isTargetName, readConfig } from '../../../src/state/config.ts';
import { updateConfig } from '../../../src/state/config-store.ts';
import { makeScratchHome } from './scratch-home.ts';

function write(content: unknown) {
  const paths = makeScratchHome();
  mkdirSync(dirname(paths.configFile), { recursive: true });
  writeFileSync(paths.configFile, typeof content === 'string' ? content : JSON.stringify(content));
  return paths;
}

describe('reading', () => {
  test('missing means not set up', () => {
    expect(readConfig(makeScratchHome())).toBeUndefined();
  });

  test('defaults fill what is left out', () => {
    const paths = write({ version: 1, targets: [{ name: 'acc1' }, { name: 'b', vault: '~/v/' }] });
    expect(readConfig(paths)).toEqual({
      version: 1,
      targets: [
        { name: 'acc1', vault: `${paths.home}/.codex-acc1`, enabled: true },
        { name: 'b', vault: `${paths.home}/v`, enabled: true },
      ],
      rules: [],
      prompt: 'continue',
      cooldownMinutes: 240,
      whenExhausted: 'stay',
      waitSlackSeconds: 60,
      strategy: 'order',
      rotateBelow: 0,
      title: 'account',
      refreshMarginSeconds: 1800,
      resumeList: 'all',
      bell: true,
      notify: true,
    });
  });

  const valid = { version: 1, targets: [{ name: 'a' }] };
  test.each([
    ['{', /is not valid JSON$/],
    ['', /is empty$/],
    ['[]', /the whole file must be an object, but is \[\]/],
    [{ targets: [] }, /version must be 1, but is missing/],
    [{ ...valid, version: 2 }, /version must be 1, but is 2/],
    [{ version: 1 }, /targets must be a list, but is missing/],
    [{ version: 1, targets: [7] }, /targets\[0\] must be an object, but is 7/],
    [{ version: 1, targets: [{ name: '../x' }] }, /targets\[0\]\.name .*but is "\.\.\/x"/],
    [{ version: 1, targets: [{ name: '..' }] }, /targets\[0\]\.name .*not only dots/],
    [{ version: 1, targets: [{ name: 'a', vault: 'rel' }] }, /targets\[0\]\.vault must be an abso/],
    [{ version: 1, targets: [{ name: 'a', enabled: 1 }] }, /targets\[0\]\.enabled must be true or/],
    [
      { version: 1, targets: [{ name: 'a' }, { name: 'A' }] },
      /targets\[1\]\.name must be used once/,
    ],
    [
      {
        version: 1,
        targets: [
          { name: 'a', vault: '/v' },
          { name: 'b', vault: '/v/' },
        ],
      },
      /targets\[1\]\.vault must be used once only/,
    ],
    [{ ...valid, prompt: 5 }, /prompt must be a text, but is 5/],
    [{ ...valid, cooldownMinutes: -1 }, /cooldownMinutes must be a number from 0 to/],
    [{ ...valid, cooldownMinutes: '5' }, /cooldownMinutes .* but is "5"/],
    [{ ...valid, rotateBelow: 101 }, /rotateBelow must be a number from 0 to 100, but is 101/],
    [{ ...valid, bell: 'loud' }, /bell must be true or false, but is "loud"/],
    [{ ...valid, notify: 1 }, /notify must be true or false, but is 1/],
    [{ ...valid, waitSlackSeconds: -1 }, /waitSlackSeconds must be a number from 0 to 3600/],
    [
      { ...valid, refreshMarginSeconds: 300 },
      /refreshMarginSeconds must be a number from 310 to 86400, but is 300/,
    ],
    [{ ...valid, prompt: 'a\0' }, /prompt must be a text/],
    [{ ...valid, strategy: 'order ' }, /strategy must be "order", "most-left" or "soonest-reset"/],
    [
      { version: 1, targets: [{ name: 'a', threshold: -1 }] },
      /targets\[0\]\.threshold must be a number from 0 to 100, but is -1/,
    ],
    [{ ...valid, whenExhausted: 'die' }, /whenExhausted must be "stay" or "wait", but is "die"/],
  ])('%j is refused', (content, message) => {
    const paths = write(content);
    expect(() => readConfig(paths)).toThrow(
      expect.objectContaining({ code: 'bad-config', message: expect.stringMatching(message) }),
    );
    expect(() => readConfig(paths)).toThrow(paths.configFile);
  });

  test('an empty prompt is a choice', () => {
    expect(readConfig(write({ ...valid, prompt: '' }))?.prompt).toBe('');
  });
});

test.each([
  ['a', true],
  ['a.b_c-9', true],
  ['x'.repeat(64), true],
  ['x'.repeat(65), false],
  ['', false],
  ['.', false],
  ['..', false],
  ['...', false],
  ['a/b', false],
  ['a b', false],
  ['ä', false],
  ['a\n', false],
])('name %j: %s', (name, fits) => {
  expect(isTargetName(name)).toBe(fits);
});

describe('writing', () => {
  test('0600 whatever the umask, read back the same, unknown keys kept', async () => {
    const paths = write({ version: 1, targets: [], ourFuture: [1] });
    const before = process.umask(0);
    onTestFinished(() => void process.umask(before));
    const written = await updateConfig(paths, (config) => ({
      ...config,
      prompt: 'go on',
      targets: [{ name: 'a', vault: '/v/a', enabled: false }],
    }));
    expect(readConfig(paths)).toEqual(written);
    expect(statSync(paths.configFile).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(paths.configFile, 'utf8')).ourFuture).toEqual([1]);
  });

  test('what is null is read as left out, and keeps no command from writing', async () => {
    const keys = Object.keys(CONFIG_DEFAULTS);
    const paths = write({
      ...Object.fromEntries(keys.map((key) => [key, null])),
      ...{ version: 1, targets: [{ name: 'a', enabled: null }] },
    });
    const written = await updateConfig(paths, (config) => ({ ...config, prompt: 'go on' }));
    expect(written).toMatchObject({ ...CONFIG_DEFAULTS, prompt: 'go on' });
    expect(readConfig(paths)).toEqual(written);
  });

  test('makes the directory, 0700', async () => {
    const paths = makeScratchHome();
    await updateConfig(paths, (config) => config);
    expect(readConfig(paths)?.targets).toEqual([]);
    expect(statSync(dirname(paths.configFile)).mode & 0o777).toBe(0o700);
  });

  test('a malformed file is not overwritten, malformed values are not written', async () => {
    const paths = write('{');
    await expect(updateConfig(paths, (config) => config)).rejects.toMatchObject({
      code: 'bad-config',
    });
    expect(readFileSync(paths.configFile, 'utf8')).toBe('{');
    const fresh = makeScratchHome();
    const bad = { version: 1, targets: [{ name: '..', vault: '/v', enabled: true }] } as never;
    await expect(updateConfig(fresh, () => bad)).rejects.toMatchObject({ code: 'bad-config' });
  });
});
