import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Capabilities } from '../../codex/capabilities.ts';
import { resolveNative } from '../../codex/npm-launcher.ts';
import { resolveLinks } from '../../codex/paths.ts';
import { learnCapabilities } from '../../launch/capabilities.ts';
import { locateCodex } from '../../launch/locate-codex.ts';
import { findShims, reachOf } from '../../launch/shim-place.ts';
import { loadNodePty } from '../../pty/load-node-pty.ts';
import { toShellWord } from '../../shell-word.ts';
import type { Paths } from '../../state/paths.ts';
import { readShimRecord } from '../../state/shim-record.ts';
import type { Context } from '../context.ts';
import { installShim } from '../set-up/shim-file.ts';
import { findMisplacedShims } from '../set-up/shim-place.ts';
import { type Finding, issue, listFindings, note, ok } from './finding.ts';
import { findOrigin } from './shim-origin.ts';

/** Checks Node, the real codex, the pty, and the shim. */
export async function checkInstallation(context: Context): Promise<Finding[]> {
  return listFindings([
    checkNode(),
    ...(await checkCodex(context)),
    await checkPty(),
    ...checkShim(context),
  ]);
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNewEnough = major > 20 || (major === 20 && minor >= 19);
  return isNewEnough
    ? ok(`node ${process.versions.node} (${process.execPath})`)
    : issue(`node ${process.versions.node} is too old; install 20.19 or newer`);
}

async function checkCodex(context: Context): Promise<Finding[]> {
  const codex = await askCodex(context);
  if ('fault' in codex) return [issue(codex.fault)];
  return [
    ok(`${codex.version} (${codex.path})`),
    describeCapabilities(codex.capabilities),
    isStandalone(codex.path, context.paths) ? note(STANDALONE) : undefined,
  ].filter((finding) => finding !== undefined);
}

/** Whether the official installer has put this codex into the user's Codex home. */
function isStandalone(codex: string, { sharedHome }: Paths): boolean {
  const releases = join(resolveLinks(sharedHome), 'packages/standalone/');
  return resolveLinks(codex).startsWith(releases);
}

/** Fact 111: a link to the release does not help, for Codex compares the paths without links. */
const STANDALONE =
  'this codex is from Codex’s own installer, and a session does not know that: it offers no update; to update: codex update';

export type AskedCodex =
  | { version: string; path: string; capabilities: Capabilities }
  /** Why it cannot be asked, and what to do about it. */
  | { fault: string };

/** Asks the real Codex for its version and its capabilities. */
export async function askCodex({ env, paths }: Context): Promise<AskedCodex> {
  const found = locateCodex(env, paths);
  if (found.kind === 'not-found') {
    return { fault: 'no codex on PATH; install it, for example: npm install -g @openai/codex' };
  }
  const { path } = found;
  if (found.kind === 'not-executable') {
    return {
      fault: `${path} may not be executed; run: chmod +x ${toShellWord(path)}, or reinstall Codex`,
    };
  }
  const native = resolveNative(path, env);
  const binary = { file: native?.file ?? path, env: native?.env ?? env };
  try {
    const { stdout } = await promisify(execFile)(binary.file, ['--version'], {
      env: binary.env,
      timeout: 20_000,
    });
    const capabilities = await learnCapabilities(paths, binary.file, binary.env);
    return { version: stdout.trim(), path, capabilities };
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0];
    return { fault: `${path} does not run (${reason}); reinstall Codex` };
  }
}

/** A version without `--no-daemon` has no daemon, so both answers are fine. */
function describeCapabilities({ noDaemon, features, learnedOptions }: Capabilities): Finding {
  const daemon = noDaemon ? 'sessions run without its daemon' : 'it has no --no-daemon';
  const { length } = learnedOptions;
  const options = length === 0 ? '' : `, ${length} options new to codex-hotswap`;
  return ok(`of this codex: ${daemon}, ${Object.keys(features).length} features${options}`);
}

async function checkPty(): Promise<Finding> {
  try {
    await openAndClosePty();
    return ok('a pty can be opened');
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0];
    return issue(
      `no pty can be opened (${reason}), so codex runs unsupervised; reinstall codex-hotswap with its optional packages, on a glibc or macOS system`,
    );
  }
}

/** Loading the binary is not enough: a prebuilt one can fail in its first spawn. */
function openAndClosePty(): Promise<void> {
  const spawnNodePty = loadNodePty();
  return new Promise((resolve, reject) => {
    const options = { cwd: '/', env: {}, cols: 80, rows: 24 };
    const pty = spawnNodePty('/bin/sh', ['-c', 'exit 7'], options);
    pty.onExit(({ exitCode }) =>
      exitCode === 7 ? resolve() : reject(new Error(`its child ended with ${exitCode}, not 7`)),
    );
  });
}

function checkShim(context: Context): (Finding | undefined)[] {
  const { env, paths } = context;
  const isDisabled = existsSync(paths.disabledFlag);
  const off = isDisabled
    ? note('codex-hotswap is switched off; to go on: codex-hotswap enable')
    : undefined;
  const [shim, ...others] = findShims(env, paths);
  if (shim === undefined) {
    const text =
      'no shim is installed, so `codex` runs without codex-hotswap; run: codex-hotswap install-shim';
    return [off, isDisabled ? note(text) : issue(text)];
  }
  return [
    off,
    checkReach(shim, env),
    reportOrigin(shim, context),
    checkRecord(context),
    ...findMisplacedShims(env, paths).map((path) =>
      note(`installers of Codex overwrite ${path}; to move the shim: codex-hotswap install-shim`),
    ),
    ...others.map((other) => note(`there is another shim: ${other}`)),
  ];
}

/** The codex that the shim runs for cron or an editor, whose PATH has none. */
function checkRecord({ paths }: Context): Finding | undefined {
  const recorded = readShimRecord(paths)?.codex;
  if (recorded === undefined || existsSync(recorded)) return undefined;
  return note(
    `the shim has ${recorded} on record, for a PATH without codex, and that is gone; run: codex-hotswap install-shim`,
  );
}

/** Says what the shim starts, if that is not this installation with this Node. */
function reportOrigin(shim: string, { env, paths }: Context): Finding | undefined {
  const origin = findOrigin(shim, env);
  if (origin === undefined) return undefined;
  if (origin.isFine) return note(origin.text);
  return issue(`${origin.text}; run: codex-hotswap install-shim`, {
    done: `the shim ${shim} belongs to this installation`,
    run: () => void installShim(shim, env, readShimRecord(paths)?.codex),
  });
}

/** Whether a shell finds the shim before the real codex. */
function checkReach(shim: string, env: NodeJS.ProcessEnv): Finding {
  const reach = reachOf(shim, env);
  const cure = 'run: codex-hotswap install-shim, and open a new shell';
  if (reach.kind === 'first') return ok(`codex on PATH is the shim ${shim}`);
  return reach.kind === 'off-path'
    ? issue(`the shim's directory ${dirname(shim)} is not on PATH; ${cure}`)
    : issue(`${reach.by} comes before the shim ${shim} on PATH; ${cure}`);
}
