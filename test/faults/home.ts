import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { forgeLogin } from '../package/sandbox.ts';

const REPO = fileURLToPath(new URL('../../', import.meta.url));
const SANDBOXES = join(REPO, '.cache/sandbox');
const PRELOAD = fileURLToPath(new URL('preload.cjs', import.meta.url));
/** What is there, and what the stand-in renews it to. */
const ISSUED = { old: 1_790_000_000, renewed: 1_790_000_500 };

export const ACCOUNTS = ['acc1', 'acc2'] as const;
export const ERRORS = ['ENOSPC', 'EACCES', 'EIO', 'ENOSPC-on', 'EROFS-on', 'SIGKILL'] as const;
export type FaultError = (typeof ERRORS)[number];

/** Directories whose calls are counted: our own (state, configuration), or the homes of Codex (vaults, shared home). */
const WHERE = {
  own: ['.local/state', '.config'],
  homes: ['.codex', ...ACCOUNTS.map((name) => `.codex-${name}`)],
};
export type Where = keyof typeof WHERE;

/** Which call into `fs` fails, and how. */
export interface Fault {
  error: FaultError;
  /** The number of the call, from 1; 0: none. */
  at: number;
  /** Of the calls in which directories; those of our own unless told. */
  where?: Where;
}

/** A HOME with two accounts, set up, in which the built launcher runs the stand-in. */
export interface FaultHome {
  home: string;
  /** `codex <args>` as words, or the token keeper for acc1; with a fault, or to count the calls. */
  command(
    args: string[],
    fault?: Fault,
    program?: 'launch' | 'keeper',
  ): { words: string[]; env: Record<string, string> };
  /** The calls of the last command with a fault, in order: `12 rename <path>`. */
  calls(): string[];
  /** The accounts of the turns so far. */
  turns(): string[];
  /** The accounts whose vault has not the newest login, of those that the stand-in has run under. */
  staleVaults(): string[];
  /** The accounts that are marked as logged out. */
  brandedAccounts(): string[];
  /** What an interrupted write has left. */
  dispose(): void;
}

export function openFaultHome(): FaultHome {
  mkdirSync(SANDBOXES, { recursive: true });
  const home = mkdtempSync(join(SANDBOXES, 'fault '));
  const path = (...parts: string[]) => join(home, ...parts);
  const loginOf = (name: string) => path('logins', `${name}.json`);
  for (const dir of ['.config/codex-hotswap', 'logins', '.codex', '.local/state/codex-hotswap']) {
    mkdirSync(path(dir), { recursive: true, mode: 0o700 });
  }
  // In front of the clock by days: no keeper is started.
  const fresh = Math.floor(Date.now() / 1000) - ISSUED.old;
  for (const name of ACCOUNTS) {
    mkdirSync(path(`.codex-${name}`), { mode: 0o700 });
    const vault = path(`.codex-${name}`, 'auth.json');
    writeFileSync(vault, forgeLogin(name, ISSUED.old + fresh), { mode: 0o600 });
    writeFileSync(loginOf(name), forgeLogin(name, ISSUED.renewed + fresh), { mode: 0o600 });
  }
  symlinkSync(path('.codex-acc1', 'auth.json'), path('.codex', 'auth.json'));
  writeFileSync(
    path('.config/codex-hotswap/config.json'),
    JSON.stringify({ version: 1, targets: ACCOUNTS.map((name) => ({ name })), rotateBelow: 5 }),
    { mode: 0o600 },
  );
  const log = path('calls');
  const base: Record<string, string> = {
    HOME: home,
    PATH: process.env.PATH ?? '',
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    TZ: 'UTC',
  };
  const ranUnder = () => new Set(lines(path('runs')));

  return {
    home,
    command(args, fault, program = 'launch') {
      const stand = join(REPO, 'test/fixtures/bin/turn-stand-in');
      const file = join(REPO, 'dist/bin', `${program}.js`);
      const own = program === 'keeper' ? ['acc1', stand, 'suspect'] : [stand, ...args];
      const words = [process.execPath, file, ...own];
      if (fault === undefined) return { words, env: base };
      rmSync(log, { force: true });
      const faults = {
        NODE_OPTIONS: `--require=${JSON.stringify(PRELOAD)}`,
        FAULT_UNDER: WHERE[fault.where ?? 'own'].map((dir) => path(dir)).join(':'),
        FAULT_PROGRAM: program,
        FAULT_AT: String(fault.at),
        FAULT_ERROR: fault.error,
        FAULT_LOG: log,
      };
      return { words, env: { ...base, ...faults } };
    },
    calls: () => lines(log),
    turns: () => lines(path('turns')),
    staleVaults: () =>
      ACCOUNTS.filter((name) => ranUnder().has(name)).filter(
        (name) => readText(path(`.codex-${name}`, 'auth.json')) !== readText(loginOf(name)),
      ),
    brandedAccounts() {
      const accounts = path('.local/state/codex-hotswap/accounts');
      return namesIn(accounts).filter((name) =>
        (readText(join(accounts, name)) ?? '').includes('needs-login'),
      );
    },
    dispose: () => rmSync(home, { recursive: true, force: true }),
  };
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function lines(file: string): string[] {
  return (readText(file) ?? '').split('\n').filter(Boolean);
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}
