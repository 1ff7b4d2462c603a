import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HotswapEvent } from '../../src/state/events.ts';
import { type Paths, resolvePaths } from '../../src/state/paths.ts';
import type { Backend } from './backend/index.ts';
import { codexUnderTest } from './codex-under-test.ts';
import {
  type OuterTerminal,
  type OuterTerminalOptions,
  openOuterTerminal,
} from './outer-terminal.ts';
import { setUpHotswap } from './public-setup.ts';
import { makeSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';

/** A user's HOME in which hotswap was set up by its public commands; `codex` on PATH is the shim. */
export interface OverlayHome {
  readonly box: Sandbox;
  readonly paths: Paths;
  /** The shim. */
  readonly codex: string;
  /** The user's own Codex, without us. */
  readonly real: string;
  /** Types `codex <args>` into a terminal. */
  open(args?: string[], options?: Partial<OuterTerminalOptions>): OuterTerminal;
  /** The same with the real Codex on the shared home, without us (and without its daemon, fact 98). */
  openPlain(args?: string[]): OuterTerminal;
  /** `codex-hotswap …`; throws when it fails. */
  command(...args: string[]): Promise<string>;
  events(): HotswapEvent[];
  /** The overlays there are: their directories. */
  slots(): string[];
}

export interface OverlayHomes {
  openHome(
    backend: Backend,
    accounts: string[],
    options?: Omit<SandboxOptions, 'backend' | 'accounts'>,
  ): Promise<OverlayHome>;
  /** Ends everything that was opened since the last call. */
  close(): Promise<void>;
}

/** Hand `close` to `afterEach`. Needs a build. */
export function createOverlayHomes(): OverlayHomes {
  const disposals: (() => Promise<void>)[] = [];
  return {
    async openHome(backend, accounts, options = {}) {
      const box = await makeSandbox({
        ...options,
        backend,
        accounts,
        // The nudge to another model opens over the composer and swallows what a test types (fact 73).
        config: `notice.hide_rate_limit_model_nudge = true\n${options.config ?? ''}`,
      });
      disposals.push(box.dispose);
      const codex = await setUpHotswap(box, accounts);
      return describeHome(box, codex, disposals);
    },
    async close() {
      for (const dispose of disposals.splice(0).reverse()) await dispose();
    },
  };
}

function describeHome(
  box: Sandbox,
  codex: string,
  disposals: (() => Promise<void>)[],
): OverlayHome {
  const paths = resolvePaths({}, box.home);
  const real = join(box.realBin, 'codex');
  const openTerminal = (options: OuterTerminalOptions) => {
    const terminal = openOuterTerminal(options);
    disposals.push(terminal.dispose);
    return terminal;
  };
  return {
    box,
    paths,
    codex,
    real,
    open: (args = [], options = {}) =>
      openTerminal({ file: codex, args, env: box.env, cwd: box.work, ...options }),
    openPlain(args = []) {
      const daemon = codexUnderTest.hasNoDaemon ? ['--no-daemon'] : [];
      return openTerminal({ file: real, args: [...args, ...daemon], env: box.env, cwd: box.work });
    },
    async command(...args) {
      const cli = new URL('../../dist/bin/codex-hotswap.js', import.meta.url).pathname;
      const run = await box.run(process.execPath, [cli, ...args]);
      if (run.status !== 0) throw new Error(`codex-hotswap ${args.join(' ')}: ${run.stderr}`);
      return run.stdout;
    },
    events: () => readLines(paths.eventsFile).map((line) => JSON.parse(line) as HotswapEvent),
    slots: () =>
      listNames(paths.runtimeDir)
        .filter((name) => /^slot-\d+$/.test(name))
        .map((name) => join(paths.runtimeDir, name)),
  };
}

/**
 * The rollouts that Codex's state database names. Found by their text: no SQLite is at hand in every Node we support,
 * and a path is stored as plain text.
 */
export function rolloutsOnRecord(codexHome: string, below: string): string[] {
  const files = listNames(codexHome).filter((name) => /^state_\d+\.sqlite(-wal)?$/.test(name));
  const paths = files.flatMap((name) => {
    const text = readFileSync(join(codexHome, name), 'latin1');
    return [...text.matchAll(/\/[\w./-]+?\/rollout-[\w-]+\.jsonl/g)].map(([path]) =>
      path.slice(path.indexOf(below)),
    );
  });
  return [...new Set(paths)];
}

export function listNames(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}
