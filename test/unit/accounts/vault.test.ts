import { chmodSync, chownSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listVaults } from '../../../src/accounts/target-snapshot.ts';
import { inspectVault, validateTargetName } from '../../../src/accounts/vault.ts';
import { forgeAuth, makeScratchHome } from '../state/scratch-home.ts';

function makeVault(content?: string, mode = 0o600) {
  const { home } = makeScratchHome();
  const target = { name: 'a', vault: join(home, '.codex-a'), enabled: true };
  const file = join(target.vault, 'auth.json');
  mkdirSync(target.vault, { mode: 0o700 });
  if (content !== undefined) {
    writeFileSync(file, content);
    chmodSync(file, mode);
  }
  return { home, target, file };
}

describe('a vault', () => {
  test('with a login is ready and tells whose it is, without a token', () => {
    const { target, file } = makeVault(forgeAuth({ issuedAt: 1_800_000_000 }));
    const state = inspectVault(target);
    expect(state).toEqual({
      kind: 'ready',
      authFile: file,
      identity: {
        userId: 'user-1',
        accountId: 'account-1',
        email: 'user-1@example.com',
        plan: 'plus',
      },
      issuedAt: 1_800_000_000,
      expiresAt: 1_800_864_000,
      renewal: { expiresAt: 1_800_864_000, lifeSeconds: 864_000 },
    });
    expect(JSON.stringify(state)).not.toContain('refresh-');
  });

  test('without a file, or missing altogether, is empty', () => {
    expect(inspectVault(makeVault().target)).toEqual({ kind: 'empty' });
    expect(inspectVault({ name: 'x', vault: '/nowhere/x', enabled: true })).toEqual({
      kind: 'empty',
    });
  });

  test.each([0o640, 0o604, 0o660])('readable by others (%o) is unsafe', (mode) => {
    const { target, file } = makeVault(forgeAuth(), mode);
    expect(inspectVault(target)).toMatchObject({
      kind: 'unsafe',
      advice: `run: chmod 600 ${file}`,
    });
  });

  test('in a directory others can write in is unsafe', () => {
    const { target } = makeVault(forgeAuth());
    chmodSync(target.vault, 0o770);
    expect(inspectVault(target)).toMatchObject({
      kind: 'unsafe',
      advice: `run: chmod 700 ${target.vault}`,
    });
  });

  test('that is a link is unsafe, wherever it leads, and no stray login is put through it', () => {
    const { home, target } = makeVault(forgeAuth());
    const linked = { ...target, vault: join(home, 'linked') };
    symlinkSync(target.vault, linked.vault);
    const vault = inspectVault(linked);
    expect(vault).toMatchObject({
      kind: 'unsafe',
      reason: `${linked.vault} is a symbolic link`,
    });
    expect(
      listVaults([{ target: linked, vault, state: { version: 1, target: 'a', marks: [] } }]),
    ).toEqual([]);
  });

  test.runIf(process.getuid?.() === 0)('of somebody else is unsafe, link or file', () => {
    const { target, file } = makeVault(forgeAuth());
    chownSync(file, 65534, 65534);
    expect(inspectVault(target)).toMatchObject({
      kind: 'unsafe',
      advice: expect.stringContaining('chown'),
    });
    chownSync(file, 0, 0);
    chownSync(target.vault, 65534, 65534);
    expect(inspectVault(target)).toMatchObject({ kind: 'unsafe' });
  });

  test.each([
    ['{"tokens": {"access_token": "secret', /is not valid JSON$/],
    ['', /is empty$/],
    ['[]', /is not a JSON object$/],
    ['{}', /holds no login$/],
  ])('holding %j is broken, and the reason quotes nothing', (content, reason) => {
    const { target } = makeVault(content);
    expect(inspectVault(target)).toEqual({
      kind: 'broken',
      reason: expect.stringMatching(reason),
      advice: 'log in again with: codex-hotswap login a',
    });
  });

  test('with a file that Codex could not save over is broken (fact 12)', () => {
    const readOnly = makeVault(forgeAuth(), 0o400);
    expect(inspectVault(readOnly.target)).toMatchObject({ kind: 'broken', reason: /read-only/ });
    const linked = makeVault(forgeAuth());
    linkSync(linked.file, join(linked.home, 'second-name'));
    expect(inspectVault(linked.target)).toMatchObject({ kind: 'broken', reason: /2 hard links/ });
  });

  test('whose auth.json is a link or a directory is broken', () => {
    const linked = makeVault();
    symlinkSync(join(linked.home, '.codex', 'auth.json'), linked.file);
    expect(inspectVault(linked.target)).toMatchObject({ kind: 'broken', reason: /symbolic link/ });
    const directory = makeVault();
    mkdirSync(directory.file);
    expect(inspectVault(directory.target)).toMatchObject({ kind: 'broken', reason: /not a file/ });
  });

  test('that is a file is broken or unsafe, never an exception', () => {
    const { home } = makeScratchHome();
    writeFileSync(join(home, 'file'), '', { mode: 0o600 });
    const state = inspectVault({ name: 'a', vault: join(home, 'file'), enabled: true });
    expect(['broken', 'unsafe']).toContain(state.kind);
  });
});

test('names given by a person', () => {
  expect(() => validateTargetName('work.2')).not.toThrow();
  for (const name of ['', '..', 'a/b', '../x', 'a b', 'x'.repeat(65)]) {
    expect(() => validateTargetName(name)).toThrow(expect.objectContaining({ code: 'bad-name' }));
  }
});
