import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inspectVault } from '../../accounts/vault.ts';
import { findRealCodex } from '../../codex/find-codex.ts';
import { describeError, HotswapError } from '../../errors.ts';
import { type Config, readConfig, type Target } from '../../state/config.ts';
import { ensureDir, ensurePrivateDir } from '../../state/files.ts';
import { addTarget, suggestName } from '../accounts/add-target.ts';
import { askName } from '../accounts/ask-name.ts';
import { importLogin, readUnknownLogin } from '../accounts/import.ts';
import { logIn } from '../accounts/login.ts';
import { type Context, currentName, findTarget } from '../context.ts';
import { printFindings } from '../doctor/doctor.ts';
import { examine } from '../doctor/examine.ts';
import { askChoice, askText, askYesNo } from '../prompts.ts';
import { putShim } from './install-shim.ts';
import { linkSharedHomeFor } from './link-shared-home.ts';
import { findShims } from './shim-place.ts';

/**
 * Sets everything up with questions. Each step skips what exists already, so a user can run an interrupted set-up again.
 */
export async function runWizard(context: Context): Promise<void> {
  const { env, paths, say } = context;
  if (findRealCodex(env).kind !== 'found') {
    throw new HotswapError(
      'codex-not-found',
      'there is no codex on PATH',
      'install it first, for example with: npm install -g @openai/codex',
    );
  }
  say(
    'codex-hotswap: one target for each of your accounts. Ctrl-C at any time; run it again to go on.',
  );
  say('');
  readConfig(paths); // a broken one is told before anything is asked
  ensureDir(paths.sharedHome);
  await offerPresentLogin(context);
  await askForTargets(context);
  await logInToEach(context);
  await offerShim(context);
  const config = readConfig(paths);
  if (config?.targets.length) {
    linkSharedHomeFor(context, config, findTarget(config, currentName(context, config)));
  }
  if (!printFindings(context, await examine(context))) process.exitCode = 1;
  else say('Now type codex as always.');
}

/** Offers the present login of plain codex as a target, so that its account needs no new login. */
async function offerPresentLogin(context: Context): Promise<void> {
  const { paths } = context;
  const file = join(paths.sharedHome, 'auth.json');
  const config = readConfig(paths);
  const owner = readUnknownLogin(file, context);
  if (owner === undefined) return;
  if (!(await askYesNo(`Codex is logged in as ${owner}. Use it as a target?`))) return;
  const initial = config?.targets.length ? suggestName(config) : 'main';
  await importLogin(context, file, await askName('What shall it be called?', initial, config));
}

/** Asks for names, and records each at once, so that a later interruption loses none. */
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
  return /^\d{1,2}$/.test(text) ? undefined : 'A number, please; 0 for none.';
}

async function logInToEach(context: Context): Promise<void> {
  const config = readConfig(context.paths);
  const missing = (config?.targets ?? []).filter(
    (target) => target.enabled && inspectVault(target).kind !== 'ready',
  );
  for (const [index, target] of missing.entries()) {
    await logInTo(context, config as Config, target, `${index + 1} of ${missing.length}`);
  }
}

/** Asks how to log in, until a login succeeds or the user postpones it. */
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
      return await logIn(context, config, target, {
        args: way === 'device' ? ['--device-auth'] : [],
      });
    } catch (error) {
      if (!(error instanceof HotswapError)) throw error;
      context.say(describeError(error).text);
    }
  }
}

async function offerShim(context: Context): Promise<void> {
  const { env, paths } = context;
  const isThere = findShims(env, paths.home).length > 0;
  if (isThere && !existsSync(paths.disabledFlag)) return void putShim(context);
  if (await askYesNo('Let plain `codex` outlive a usage limit (puts a small script on PATH)?')) {
    putShim(context);
  }
}
