import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { recordIdentity } from '../../src/accounts/account-state.ts';
import { isAsideName } from '../../src/accounts/credential/aside.ts';
import { keepLastGood, LAST_GOOD } from '../../src/accounts/last-good.ts';
import { readLogin } from '../../src/accounts/login.ts';
import { listVaults, readTargets } from '../../src/accounts/target-snapshot.ts';
import { CONFIG_DEFAULTS, type Config, readConfig } from '../../src/state/config.ts';
import { isTemporaryName } from '../../src/state/files.ts';
import type { Paths } from '../../src/state/paths.ts';
import { forgeAuth, makeScratchHome } from '../unit/state/scratch-home.ts';

export const OLD = 1_790_000_000;
export const NEW = 1_795_000_000;
export const loginOf = (name: string, issuedAt = OLD) =>
  forgeAuth({ user: name, account: `w-${name}`, issuedAt });

/** A HOME with the targets a and b, whose logins are in their vaults, and a shared home of a certain layout. */
export interface World {
  paths: Paths;
  vault(name: string): string;
  shared: string;
  config(): Config;
  snapshots(): ReturnType<typeof readTargets>;
  vaults(): ReturnType<typeof listVaults>;
}

type Lay = (world: World) => void;

const write = (file: string, text: string) => writeFileSync(file, text, { mode: 0o600 });

/** What the auth.json of the shared home is. */
export const FILES: Record<string, Lay> = {
  absent: () => undefined,
  'a link to the vault': ({ shared, vault }) => symlinkSync(vault('a'), shared),
  'a link to another vault': ({ shared, vault }) => symlinkSync(vault('b'), shared),
  'a newer login of a': ({ shared }) => write(shared, loginOf('a', NEW)),
  'an older login of a': ({ shared }) => write(shared, loginOf('a', OLD - 1000)),
  'the same login as in the vault': ({ shared }) => write(shared, loginOf('a')),
  'a newer login of b': ({ shared }) => write(shared, loginOf('b', NEW)),
  'a login of nobody': ({ shared }) => write(shared, loginOf('eve')),
  'broken text': ({ shared }) => write(shared, '{"tokens":'),
  empty: ({ shared }) => write(shared, ''),
  'a dangling link': ({ shared, paths }) => symlinkSync(join(paths.home, 'gone'), shared),
  'a link to itself': ({ shared }) => symlinkSync(shared, shared),
  'a link to a file of the user’s': ({ shared, paths }) => {
    write(join(paths.home, 'own.json'), loginOf('eve'));
    symlinkSync(join(paths.home, 'own.json'), shared);
  },
  'a hard link of the vault’s file': ({ shared, vault }) => linkSync(vault('a'), shared),
  'a stranger in the vault, through the link': ({ shared, vault }) => {
    symlinkSync(vault('a'), shared);
    write(vault('a'), loginOf('eve'));
  },
  'the login of b in the vault of a, through the link': ({ shared, vault }) => {
    symlinkSync(vault('a'), shared);
    write(vault('a'), loginOf('b', NEW));
  },
  'an older login of a in its vault, through the link': ({ shared, vault }) => {
    symlinkSync(vault('a'), shared);
    write(vault('a'), loginOf('a', OLD - 1000));
  },
  'a link that was removed': ({ shared, vault, paths }) => {
    const homes = { [paths.sharedHome]: vault('a') };
    write(paths.linkedFile, JSON.stringify({ version: 1, homes }));
    rmSync(shared, { force: true });
  },
};

/** How the shared home is the vault of a. */
export const HOMES: Record<string, (paths: Paths) => Paths> = {
  'by CODEX_HOME': (paths) => ({ ...paths, sharedHome: join(paths.home, '.codex-a') }),
  'by another spelling': (paths) => ({ ...paths, sharedHome: `${paths.home}/x/../.codex-a` }),
  'by a link': (paths) => {
    rmSync(paths.sharedHome, { recursive: true });
    symlinkSync(join(paths.home, '.codex-a'), paths.sharedHome);
    return paths;
  },
};

export function makeWorld(lay: Lay = () => undefined): World {
  const world = bareWorld(makeScratchHome());
  lay(world);
  return world;
}

/** The shared home is the vault of a: by name, or as the configuration has it. */
export function makeVaultHome(how: string): World {
  const paths = makeScratchHome();
  const change = HOMES[how];
  if (change === undefined) return bareWorld(paths, { a: paths.sharedHome });
  mkdirSync(join(paths.home, 'x'));
  mkdirSync(join(paths.home, '.codex-a'), { mode: 0o700 });
  return bareWorld(change(paths));
}

function bareWorld(paths: Paths, places: Record<string, string> = {}): World {
  const targets = ['a', 'b'].map((name) => {
    const vault = places[name] ?? join(paths.home, `.codex-${name}`);
    return { name, vault, enabled: true };
  });
  const first: Config = { version: 1, targets, rules: [], ...CONFIG_DEFAULTS };
  mkdirSync(dirname(paths.configFile), { recursive: true, mode: 0o700 });
  mkdirSync(paths.stateDir, { recursive: true, mode: 0o700 });
  writeFileSync(paths.configFile, JSON.stringify(first));
  const config = () => readConfig(paths) as Config;
  const snapshots = () => readTargets(paths, config());
  const world: World = {
    paths,
    vault: (name) => join(targets.find((target) => target.name === name)?.vault ?? '', 'auth.json'),
    shared: join(paths.sharedHome, 'auth.json'),
    config,
    snapshots,
    vaults: () => listVaults(snapshots()),
  };
  for (const target of targets) {
    mkdirSync(target.vault, { recursive: true, mode: 0o700 });
    write(world.vault(target.name), loginOf(target.name));
    const { name } = target;
    recordIdentity(paths, name, { userId: name, accountId: `w-${name}` });
    keepLastGood(paths, target);
  }
  return world;
}

/**
 * Of each account the newest login in any regular file below a HOME, epoch seconds. Unfinished files do not count, and
 * neither do last good copies unless they are asked for.
 */
export function newestLogins({ paths }: Pick<World, 'paths'>, copies = false): Map<string, number> {
  const found = new Map<string, number>();
  for (const file of listFiles(paths.home)) {
    const name = basename(file);
    if (isTemporaryName(name) && !isAsideName(name)) continue;
    if (name === LAST_GOOD && !copies) continue;
    const read = readLogin(readFileSync(file, 'utf8'));
    if (read.kind === 'broken') continue;
    const { userId } = read.login.identity;
    found.set(userId, Math.max(found.get(userId) ?? 0, read.login.issuedAt));
  }
  return found;
}

/** What there is now, to be asked later for what was lost: accounts whose newest login is gone, or older than it was. */
export function rememberLogins(world: World): () => string[] {
  const before = [newestLogins(world), newestLogins(world, true)];
  return () => {
    const after = [newestLogins(world), newestLogins(world, true)];
    return before.flatMap((logins, index) =>
      [...logins].filter(([who, at]) => (after[index]?.get(who) ?? 0) < at).map(([who]) => who),
    );
  };
}

/** Every regular file below a directory. */
export function listFiles(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return listFiles(path);
    return entry.isFile() ? [path] : [];
  });
}

/** What is there, for a comparison. */
export function kindOf(path: string): string {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats === undefined ? 'nothing' : stats.isSymbolicLink() ? 'link' : 'file';
}
