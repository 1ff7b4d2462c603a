import { mendCurrent, readCurrent } from '../accounts/current.ts';
import { expireRemoved } from '../accounts/removed-logins.ts';
import { HotswapError } from '../errors.ts';
import { askSuspects } from '../launch/ask-suspects.ts';
import { locateCodex } from '../launch/locate-codex.ts';
import { reconcileLogins } from '../launch/reconcile-logins.ts';
import { createTokenKeeper } from '../launch/token-keeper.ts';
import { type OwnText, toOutput, toPlainText } from '../plain-text.ts';
import { type Config, readConfig, type Target } from '../state/config.ts';
import { homeOf, type Paths, resolvePaths } from '../state/paths.ts';

/** What every command gets. */
export interface Context {
  env: NodeJS.ProcessEnv;
  paths: Paths;
  now: Date;
  /** Prints one line on stdout. Text of other programs in it can neither add a line nor control the terminal. */
  say(line: string | OwnText): void;
  /** Prints one line on stderr in the same way. */
  warn(line: string): void;
}

export function createContext(env: NodeJS.ProcessEnv): Context {
  return {
    env,
    paths: resolvePaths(env, homeOf(env)),
    now: new Date(),
    say: (line) => void process.stdout.write(`${toOutput(line)}\n`),
    warn: (line) => void process.stderr.write(`codex-hotswap: ${toPlainText(line)}\n`),
  };
}

/** The configuration, with at least one target. @throws HotswapError `not-set-up`, `bad-config`. */
export function requireConfig({ paths }: Context): Config {
  const config = readConfig(paths);
  if (config === undefined || config.targets.length === 0) {
    throw new HotswapError(
      'not-set-up',
      `not set up yet (${paths.configFile} ${config === undefined ? 'does not exist' : 'has no accounts'})`,
      'run: codex-hotswap setup',
    );
  }
  return config;
}

/** Whether there is an account. @throws HotswapError `bad-config`. */
export function isSetUp({ paths }: Context): boolean {
  return (readConfig(paths)?.targets.length ?? 0) > 0;
}

/**
 * Reads the configuration. First it looks for logins that other programs have changed or moved, corrects what it safely can, and
 * prints a line on stderr for each.
 * @throws HotswapError `not-set-up`, `bad-config`.
 */
export async function readReconciledConfig(context: Context): Promise<Config> {
  const { paths, now, warn } = context;
  const { config, lines, problem, suspects } = await reconcileLogins(
    paths,
    requireConfig(context),
    now,
  );
  for (const line of problem === undefined ? lines : [...lines, problem]) warn(line);
  for (const line of await askAboutSuspects(context, config, suspects)) warn(line);
  expireRemoved(paths.orphansDir, now);
  return config;
}

/**
 * Asks the service whether the logins of these targets still work. Without a codex it asks nothing and marks no account.
 * @returns lines for the user.
 */
export async function askAboutSuspects(
  { paths, env }: Context,
  config: Config,
  suspects: readonly string[],
): Promise<string[]> {
  if (suspects.length === 0) return [];
  const found = locateCodex(env, paths);
  if (found.kind !== 'found') return [];
  return askSuspects(createTokenKeeper({ paths, config, real: () => found.path, env }), suspects);
}

/** @throws HotswapError `unknown-target` that names the existing targets. */
export function findTarget(config: Config, name: string): Target {
  const target = config.targets.find((candidate) => candidate.name === name);
  if (target === undefined) {
    throw new HotswapError(
      'unknown-target',
      `there is no account called ${JSON.stringify(name)}`,
      `you have: ${config.targets.map((known) => known.name).join(', ')}`,
    );
  }
  return target;
}

export function nowSeconds({ now }: Context): number {
  return Math.floor(now.getTime() / 1000);
}

/** The target new sessions start with: the target that was chosen last, or the first target when that one is gone. */
export function currentName({ paths, now, warn }: Context, config: Config): string {
  const { current, fault } = readCurrent(paths);
  if (fault !== undefined) for (const notice of mendCurrent(paths, now)) warn(notice);
  const known = config.targets.find(({ name }) => name === current);
  return (known ?? (config.targets[0] as Target)).name;
}
