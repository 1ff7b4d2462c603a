import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { homeOf, resolvePaths } from '../../../src/state/paths.ts';
import { makeScratchHome } from './scratch-home.ts';

describe('where things are', () => {
  test('without any variable', () => {
    const paths = resolvePaths({}, '/home/u');
    expect(paths.sharedHome).toBe('/home/u/.codex');
    expect(paths.configFile).toBe('/home/u/.config/codex-hotswap/config.json');
    expect(paths.stateDir).toBe('/home/u/.local/state/codex-hotswap');
    expect(paths.disabledFlag).toBe('/home/u/.local/state/codex-hotswap/disabled');
  });

  test.each([
    ['absolute values are taken', '/x', '/x/codex-hotswap'],
    ['relative ones are ignored', 'x', undefined],
    ['empty ones are ignored', '', undefined],
  ])('XDG: %s', (_, value, expected) => {
    const paths = resolvePaths({ XDG_CONFIG_HOME: value, XDG_STATE_HOME: value }, '/home/u');
    expect(paths.stateDir).toBe(expected ?? '/home/u/.local/state/codex-hotswap');
    expect(paths.configFile).toBe(`${expected ?? '/home/u/.config/codex-hotswap'}/config.json`);
  });

  test.each([
    ['/elsewhere/codex', '/elsewhere/codex'],
    ['', '/home/u/.codex'],
    ['/elsewhere/runtime/slot-3', '/elsewhere/runtime/slot-3'],
  ])('CODEX_HOME=%s', (value, expected) => {
    expect(resolvePaths({ CODEX_HOME: value }, '/home/u').sharedHome).toBe(expected);
  });

  test.each([
    ['/home/u', '/home/u'],
    ['', userInfo().homedir],
    ['relative', userInfo().homedir],
    [undefined, userInfo().homedir],
  ])('HOME=%s', (HOME, expected) => {
    expect(homeOf({ HOME })).toBe(expected);
  });

  test('a CODEX_HOME that is a slot of ours means the home it was made for', () => {
    const { home, runtimeDir } = makeScratchHome();
    const slot = join(runtimeDir, 'slot-2');
    mkdirSync(`${slot}.side`, { recursive: true });
    writeFileSync(join(`${slot}.side`, 'home.json'), '{"sharedHome":"/elsewhere/codex"}');
    expect(resolvePaths({ CODEX_HOME: slot }, home).sharedHome).toBe('/elsewhere/codex');
    expect(resolvePaths({ CODEX_HOME: `${slot}/` }, home).sharedHome).toBe('/elsewhere/codex');
  });
});
