import { accessSync, constants, lstatSync, readFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { HotswapError } from '../errors.ts';
import { toShellWord } from '../shell-word.ts';
import { isTargetName, type Target } from '../state/config.ts';
import { assertOwned, errnoOf } from '../state/files.ts';
import { type Login, readLogin } from './login.ts';

export type VaultState =
  | ({ kind: 'ready'; authFile: string } & Login)
  | { kind: 'empty' }
  | { kind: 'broken'; reason: string; advice: string }
  | { kind: 'unsafe'; reason: string; advice: string };

/** The one credential file of a target. */
export function authFileOf(target: Pick<Target, 'vault'>): string {
  return join(target.vault, 'auth.json');
}

/** Reads a target's vault: two inodes and one small file (hot path). Never throws, never quotes a token. */
export function inspectVault(target: Target): VaultState {
  const authFile = authFileOf(target);
  try {
    if (assertVaultDir(target) === undefined) return { kind: 'empty' };
    return inspectAuthFile(authFile, target.name);
  } catch (error) {
    if (error instanceof HotswapError) {
      return { kind: 'unsafe', reason: error.message, advice: error.advice };
    }
    const reason = `${authFile} cannot be read (${errnoOf(error) ?? 'unknown error'})`;
    return { kind: 'broken', reason, advice: loginAdvice(target.name) };
  }
}

/**
 * Refuses a vault that is a link, which could lead to the shared home, or that another user owns or can change.
 * @returns the stats of the directory; undefined when it is missing.
 * @throws HotswapError `unsafe-path`, `home-unwritable`.
 */
export function assertVaultDir({ vault }: Pick<Target, 'vault'>): Stats | undefined {
  if (lstatSync(vault, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new HotswapError(
      'unsafe-path',
      `${vault} is a symbolic link`,
      'replace the link by the directory, or put the path of that directory into the configuration',
    );
  }
  return assertOwned(vault);
}

/** Checks a name that a person has typed. @throws HotswapError `bad-name`. */
export function validateTargetName(name: string): void {
  if (isTargetName(name)) return;
  throw new HotswapError(
    'bad-name',
    `${JSON.stringify(String(name).slice(0, 80))} cannot be the name of an account`,
    'use 1 to 64 letters, digits, ".", "_" or "-", not only dots',
  );
}

function inspectAuthFile(authFile: string, name: string): VaultState {
  const stats = lstatSync(authFile, { throwIfNoEntry: false });
  if (stats === undefined) return { kind: 'empty' };
  if (!stats.isFile()) {
    // A link here could lead to the shared home, whose auth.json is a link to this file.
    const what = stats.isSymbolicLink() ? 'a symbolic link' : 'not a file';
    const advice = `move the login itself into ${authFile}, or ${loginAdvice(name)}`;
    return { kind: 'broken', reason: `${authFile} is ${what}`, advice };
  }
  assertOwned(authFile);
  if ((stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    return {
      kind: 'unsafe',
      reason: `${authFile} can be read by other users (mode ${mode})`,
      advice: `run: chmod 600 ${toShellWord(authFile)}`,
    };
  }
  const unsaveable = whyCodexCannotSave(authFile, stats);
  if (unsaveable !== undefined) return { kind: 'broken', ...unsaveable };
  const read = readLogin(readFileSync(authFile, 'utf8'));
  return read.kind === 'login'
    ? { kind: 'ready', authFile, ...read.login }
    : { kind: 'broken', reason: `${authFile} ${read.reason}`, advice: loginAdvice(name) };
}

// Codex does not save a refreshed token over a read-only or hard-linked file (fact 12). The old token is spent then, so the
// account would be lost.
function whyCodexCannotSave(
  authFile: string,
  stats: { mode: number; nlink: number },
): { reason: string; advice: string } | undefined {
  if ((stats.mode & 0o200) === 0) {
    return {
      reason: `${authFile} is read-only`,
      advice: `run: chmod 600 ${toShellWord(authFile)}`,
    };
  }
  if (stats.nlink > 1) {
    const reason = `${authFile} has ${stats.nlink} hard links, and Codex saves no token over such a file`;
    const [file, copy] = [toShellWord(authFile), toShellWord(`${authFile}.new`)];
    return { reason, advice: `run: cp -p ${file} ${copy} && mv ${copy} ${file}` };
  }
  accessSync(authFile, constants.R_OK);
  return undefined;
}

function loginAdvice(name: string): string {
  return `log in again with: codex-hotswap login ${name}`;
}
