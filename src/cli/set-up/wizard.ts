import { existsSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describeError, HotswapError } from '../../errors.ts';
import { requireRealCodex } from '../../launch/locate-codex.ts';
import { findShims } from '../../launch/shim-place.ts';
import { type Config, EMPTY_CONFIG, readConfig, type Target } from '../../state/config.ts';
import { ensureDir, ensurePrivateDir } from '../../state/files.ts';
import { readShimRecord } from '../../state/shim-record.ts';
import { addTarget, askName, suggestName } from '../accounts/add-target.ts';
import { importLogin, readUnknownLogin } from '../accounts/import.ts';
import { listTargetsWithoutLogin, logIn } from '../accounts/login.ts';
import { type Context, findTarget } from '../context.ts';
import { printFindings } from '../doctor/doctor.ts';
import { examine } from '../doctor/examine.ts';
import { askChoice, askText, askYesNo } from '../prompts.ts';
import { putShim } from './install-shim.ts';
import { linkSharedHome } from './link-shared-home.ts';

/**
 * Sets everything up with questions. Each step skips what exists, so a user can run an interrupted set-up again.
 * @throws HotswapError `codex-not-found`, `codex-not-runnable`, `bad-config`, and `cancelled` on Ctrl-C.
 */
export async function runWizard(context: Context): Promise<void> {
  const { env, paths, say } = context;
  requireRealCodex(env, paths);
  say(
    'codex-hotswap needs a name for each of your accounts. Ctrl-C stops; to continue later, run it again.',
  );
  say('');
  readConfig(paths); // a broken one is an error before the first question
  ensureDir(paths.sharedHome);
  await offerPresentLogin(context);
  await askForTargets(context);
  await logInToEach(context);
  const newShell = await offerShim(context);
  linkSharedHome(context, readConfig(paths));
  if (!printFindings(context, await examine({ ...context, env: newShell ?? env }))) {
    process.exitCode = 1;
  } else {
    say(`Now ${newShell ? 'open a new shell, and ' : ''}type codex as always.`);
  }
}

/** Offers to adopt the login of plain codex, so that its account needs no new login. */
async function offerPresentLogin(context: Context): Promise<void> {
  const { paths } = context;
  const file = join(paths.sharedHome, 'auth.json');
  const config = readConfig(paths);
  const owner = readUnknownLogin(file, context);
  if (owner === undefined) return;
  if (!(await askYesNo(`Codex is logged in as ${owner}. Add it as an account?`))) return;
  const initial = config?.targets.length ? suggestName(config) : 'main';
  await importLogin(context, file, await askName('What shall it be called?', initial, config));
}

/** Asks for names. It adds each target at once, so that a later interruption loses none. */
async function askForTargets(context: Context): Promise<void> {
  const config = readConfig(context.paths);
  const known = config?.targets ?? [];
  if (known.length > 0) context.say(`You have ${known.map(({ name }) => name).join(', ')}.`);
  const count = await askText(
    known.length === 0 ? 'How many accounts do you have?' : 'How many more accounts do you have?',
    { initial: String(Math.max(0, 2 - known.length)), check: whyNoCount },
  );
  for (let number = 1; number <= Number(count); number++) {
    const before = readConfig(context.paths);
    const name = await askName(
      `What shall account ${number} of ${count} be called?`,
      suggestName(before),
      before,
    );
    const after = await addTarget(context, name);
    ensurePrivateDir(findTarget(after, name).vault);
  }
}

function whyNoCount(text: string): string | undefined {
  return /^\d{1,2}$/.test(text) ? undefined : 'Enter a number; 0 for none.';
}

async function logInToEach(context: Context): Promise<void> {
  const config = readConfig(context.paths) ?? EMPTY_CONFIG;
  const missing = listTargetsWithoutLogin(config);
  for (const [index, target] of missing.entries()) {
    await logInTo(context, config, target, `${index + 1} of ${missing.length}`);
  }
}

/** Asks how to log in, until a login succeeds or the user chooses `later`. */
async function logInTo(
  context: Context,
  config: Config,
  target: Target,
  progress: string,
): Promise<void> {
  for (;;) {
    const way = await askChoice(`Log in to ${target.name} (${progress})`, [
      { value: 'browser', label: 'in a browser on this machine' },
      { value: 'device', label: 'with a code, in a browser anywhere' },
      { value: 'later', label: 'later', hint: `codex-hotswap login ${target.name}` },
    ]);
    if (way === 'later') return;
    try {
      return await logIn(context, config, target, way === 'device' ? ['--device-auth'] : []);
    } catch (error) {
      if (!(error instanceof HotswapError)) throw error;
      context.say(describeError(error).text);
    }
  }
}

/**
 * Installs the shim, or brings it up to date. A yes also switches on what `disable` has switched off.
 * @returns the environment of a new shell, when only a new shell finds the shim.
 */
async function offerShim(context: Context): Promise<NodeJS.ProcessEnv | undefined> {
  const { env, paths } = context;
  const isInUse = findShims(env, paths).length > 0 && !existsSync(paths.disabledFlag);
  const question = 'Let `codex` continue after a usage limit (puts a small script on PATH)?';
  if (!isInUse && !(await askYesNo(question))) return undefined;
  rmSync(paths.disabledFlag, { force: true });
  const hasLine = await putShim(context);
  const dir = dirname(readShimRecord(paths)?.shim ?? '');
  return hasLine ? { ...env, PATH: `${dir}${delimiter}${env.PATH ?? ''}` } : undefined;
}
