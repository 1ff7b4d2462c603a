import {
  chmodSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { foldHookTrust, hookTrustOverride } from '../../../src/overlay/hook-trust.ts';
import { openSlot } from './open-slot.ts';

const table = (key: string, ...fields: string[]) =>
  [`[hooks.state.${JSON.stringify(key)}]`, ...fields, ''].join('\n');
const hash = (digit: number) => `trusted_hash = "sha256:${String(digit).repeat(8)}"`;

/** A slot whose shared config.toml is what `make` gives for (overlay path, shared path). */
function openWithConfig(make: (ours: string, theirs: string) => string) {
  const opened = openSlot();
  const file = opened.theirs('config.toml');
  writeFileSync(file, make(opened.slot.home, opened.slot.sharedHome));
  const override = async () => {
    const value = await hookTrustOverride(opened.slot);
    return value === undefined ? undefined : parse(`state=${value}`).state;
  };
  return { ...opened, file, override, text: () => readFileSync(file, 'utf8') };
}

describe('carrying trust into a slot', () => {
  test('the shared home’s hooks under the slot’s key, and no others', async () => {
    const { override, slot } = openWithConfig((_, theirs) =>
      [
        table(`${theirs}/config.toml:session_start:0:0`, hash(1)),
        table(`${theirs}/hooks.json:stop:1:2`, hash(2), 'enabled = false'),
        table('/repo/.codex/hooks.json:stop:0:0', hash(3)),
        table(`${theirs}-other/config.toml:stop:0:0`, hash(4)),
      ].join('\n'),
    );
    expect(await override()).toEqual({
      [`${slot.home}/config.toml:session_start:0:0`]: { trusted_hash: 'sha256:11111111' },
      [`${slot.home}/hooks.json:stop:1:2`]: { trusted_hash: 'sha256:22222222', enabled: false },
    });
  });

  test.each([
    ['inline', (key: string) => `hooks.state = { ${key} = { ${hash(1)} } }`],
    ['state inline', (key: string) => `[hooks]\nstate = { ${key} = { ${hash(1)} } }`],
    ['dotted', (key: string) => `[hooks]\nstate.${key}.${hash(1)}`],
    ['literal', (key: string) => `[hooks.state.'${JSON.parse(key)}']\n${hash(1)}`],
    ['under a parent', (key: string) => `[hooks.state]\n${key} = { ${hash(1)} }`],
  ])('%s TOML is understood', async (_, make) => {
    const { override, slot } = openWithConfig((_ours, theirs) =>
      make(JSON.stringify(`${theirs}/config.toml:stop:0:0`)),
    );
    expect(await override()).toEqual({
      [`${slot.home}/config.toml:stop:0:0`]: { trusted_hash: 'sha256:11111111' },
    });
  });

  test('an answer already given under the slot’s key is not outranked', async () => {
    const { override } = openWithConfig((ours, theirs) =>
      [
        table(`${theirs}/config.toml:stop:0:0`, hash(1)),
        table(`${ours}/config.toml:stop:0:0`, hash(2)),
      ].join('\n'),
    );
    expect(await override()).toBeUndefined();
  });

  test.each([
    ['nothing trusted', 'model = "x"\n'],
    ['broken TOML', 'trusted_hash = ['],
    ['hooks.state is no table', 'hooks.state = 5'],
    ['empty', ''],
  ])('%s: nothing to carry', async (_, content) => {
    expect(await openWithConfig(() => content).override()).toBeUndefined();
  });

  test('no config.toml', async () => {
    expect(await hookTrustOverride(openSlot().slot)).toBeUndefined();
  });

  test('the shared home by its canonical name, as Codex keys a CODEX_HOME', async () => {
    const { paths, slot } = openSlot();
    symlinkSync(paths.sharedHome, join(paths.home, 'alias'));
    const key = `${paths.sharedHome}/config.toml:stop:0:0`;
    writeFileSync(join(paths.sharedHome, 'config.toml'), table(key, hash(1)));
    const value = await hookTrustOverride({ ...slot, sharedHome: join(paths.home, 'alias') });
    expect(value).toContain(`${slot.home}/config.toml:stop:0:0`);
  });
});

describe('folding trust back', () => {
  test('renames the slot’s keys; every other byte stays', async () => {
    const make = (home: string) => (_: string, theirs: string) =>
      [
        '# my config\r\nmodel   =  "x" # odd spacing',
        '[hooks.state]',
        '',
        table(`${theirs}/config.toml:session_start:0:0`, hash(1)),
        `# about the hook\n${table(`${home}/config.toml:stop:0:0`, hash(2))}`,
        '[projects."/a b"]\ntrust_level = "trusted"\n\n\n# the end',
      ].join('\n');
    const opened = openWithConfig((ours, theirs) => make(ours)(ours, theirs));
    chmodSync(opened.file, 0o644);
    expect(await foldHookTrust(opened.slot)).toEqual(['config.toml:stop:0:0']);
    const { home, sharedHome } = opened.slot;
    expect(opened.text()).toBe(make(sharedHome)(home, sharedHome));
    expect(statSync(opened.file).mode & 0o777).toBe(0o644);
    expect(await foldHookTrust(opened.slot)).toEqual([]);
  });

  test('a newer trust of the same hook wins', async () => {
    const { slot, text } = openWithConfig((ours, theirs) =>
      [
        table(`${theirs}/config.toml:stop:0:0`, hash(1), 'enabled = true'),
        table(`${ours}/config.toml:stop:0:0`, hash(2)),
        '# about the next\n[tui]\nx = 1\n',
      ].join('\n'),
    );
    await foldHookTrust(slot);
    expect(parse(text())).toEqual({
      hooks: {
        state: {
          [`${slot.sharedHome}/config.toml:stop:0:0`]: {
            trusted_hash: 'sha256:22222222',
            enabled: true,
          },
        },
      },
      tui: { x: 1 },
    });
    expect(text()).toContain('# about the next');
  });

  test('a hook switched off in the session stays trusted (Codex writes `enabled` alone)', async () => {
    const { slot, text } = openWithConfig((ours, theirs) =>
      [
        table(`${ours}/config.toml:stop:0:0`, 'enabled = false'),
        table(`${theirs}/config.toml:stop:0:0`, hash(1)),
      ].join('\n'),
    );
    await foldHookTrust(slot);
    expect(parse(text())).toEqual({
      hooks: {
        state: {
          [`${slot.sharedHome}/config.toml:stop:0:0`]: {
            trusted_hash: 'sha256:11111111',
            enabled: false,
          },
        },
      },
    });
  });

  test('inline keys are renamed in place', async () => {
    const { slot, text } = openWithConfig(
      (ours) => `hooks.state = { "${ours}/config.toml:stop:0:0" = { ${hash(1)} } } # mine\n`,
    );
    expect(await foldHookTrust(slot)).toEqual(['config.toml:stop:0:0']);
    expect(text()).toBe(
      `hooks.state = { "${slot.sharedHome}/config.toml:stop:0:0" = { ${hash(1)} } } # mine\n`,
    );
  });

  test('what would not be TOML any more is not written', async () => {
    const { slot, text } = openWithConfig(
      (ours, theirs) =>
        `hooks.state = { "${ours}/config.toml:stop:0:0" = { ${hash(1)} }, "${theirs}/config.toml:stop:0:0" = { ${hash(2)} } }\n`,
    );
    const before = text();
    expect(await foldHookTrust(slot)).toEqual([]);
    expect(text()).toBe(before);
  });

  test('a path of the slot elsewhere in the file is not ours to change', async () => {
    const { slot, text } = openWithConfig(
      (ours) => `trusted_hash = "x"\nnote = "${ours}/config.toml"\n[projects."${ours}/x"]\n`,
    );
    const before = text();
    expect(await foldHookTrust(slot)).toEqual([]);
    expect(text()).toBe(before);
  });

  test('a config.toml that is a link stays one', async () => {
    const { paths, slot, theirs } = openSlot();
    const dotfile = join(paths.home, 'codex.toml');
    writeFileSync(dotfile, table(`${slot.home}/config.toml:stop:0:0`, hash(1)));
    symlinkSync(dotfile, theirs('config.toml'));
    await foldHookTrust(slot);
    expect(readlinkSync(theirs('config.toml'))).toBe(dotfile);
    expect(readFileSync(dotfile, 'utf8')).toContain(`${slot.sharedHome}/config.toml:stop:0:0`);
  });
});
