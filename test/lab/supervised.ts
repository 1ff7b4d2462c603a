import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AccountState } from '../../src/accounts/account-state.ts';
import type { HotswapEvent } from '../../src/state/events.ts';
import { type Backend, type BackendOptions, startBackend } from './backend/index.ts';
import { waitForComposer } from './composer.ts';
import {
  type OuterTerminal,
  type OuterTerminalOptions,
  openOuterTerminal,
} from './outer-terminal.ts';
import { makeSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';

const BIN = fileURLToPath(new URL('../../dist/bin/', import.meta.url));

type EventOf<T extends HotswapEvent['type']> = Extract<HotswapEvent, { type: T }>;

/** A sandbox in which all accounts of a backend are set up, and what hotswap keeps there. */
export interface Supervised {
  readonly sandbox: Sandbox;
  /** What `codex` is for a user: program and first arguments. */
  commandLine(): string[];
  /** Types `codex <args>` in a terminal of its own. */
  open(args?: string[], options?: Partial<OuterTerminalOptions>): OuterTerminal;
  /** Runs `codex-hotswap <args>` to its end; its standard output. Throws when it fails. */
  command(...args: string[]): Promise<string>;
  events(): HotswapEvent[];
  /** The events of that type, in order. */
  eventsOf<T extends HotswapEvent['type']>(type: T): EventOf<T>[];
  /** Resolves with the `count`th (default 1st) event of that type as soon as it is logged. */
  waitForEvent<T extends HotswapEvent['type']>(
    type: T,
    count?: number,
    timeoutMs?: number,
  ): Promise<EventOf<T>>;
  account(name: string): AccountState;
}

export interface SupervisedOptions extends Omit<SandboxOptions, 'backend' | 'accounts'> {
  /** Switches of the backend. */
  backend?: Omit<BackendOptions, 'accounts'>;
  /** Further keys of hotswap's own configuration, e.g. `prompt`. */
  settings?: Record<string, unknown>;
  /**
   * Lets Codex propose another model when little is left of an account: it opens over the composer and swallows what a
   * test types (fact 73). Default false.
   */
  nudges?: boolean;
}

export interface SupervisedLab {
  openLab(
    accounts: BackendOptions['accounts'],
    options?: SupervisedOptions,
  ): Promise<{ backend: Backend; hotswap: Supervised }>;
  /** Ends everything that was opened since the last call. */
  close(): Promise<void>;
}

/** Backend and set-up sandbox for tests of supervised sessions; hand `close` to `afterEach`. Needs a build. */
export function createSupervisedLab(): SupervisedLab {
  const disposals: (() => Promise<void>)[] = [];
  return {
    async openLab(accounts, options = {}) {
      const { backend: switches, settings, nudges = false, ...sandboxOptions } = options;
      const backend = await startBackend({ ...switches, accounts });
      disposals.push(backend.close);
      const names = accounts.map(({ name }) => name);
      const sandbox = await makeSandbox({
        ...sandboxOptions,
        backend,
        accounts: names,
        config: `notice.hide_rate_limit_model_nudge = ${!nudges}\n${options.config ?? ''}`,
      });
      disposals.push(sandbox.dispose);
      // Written, not set up by `codex-hotswap setup`: these tests start many a sandbox.
      const file = join(sandbox.home, '.config/codex-hotswap/config.json');
      mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
      const config = { version: 1, targets: names.map((name) => ({ name })), ...settings };
      writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
      return { backend, hotswap: supervise(sandbox, disposals) };
    },
    async close() {
      for (const dispose of disposals.splice(0).reverse()) await dispose();
    },
  };
}

function supervise(sandbox: Sandbox, disposals: (() => Promise<void>)[]): Supervised {
  const state = join(sandbox.home, '.local/state/codex-hotswap');
  const log = join(state, 'events.jsonl');
  const events = () =>
    (existsSync(log) ? readFileSync(log, 'utf8').split('\n') : [])
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as HotswapEvent);
  const eventsOf = <T extends HotswapEvent['type']>(type: T) =>
    events().filter((event): event is EventOf<T> => event.type === type);
  return {
    sandbox,
    commandLine: () => [process.execPath, join(BIN, 'codex-hot.js')],
    open(args = [], options = {}) {
      const terminal = openOuterTerminal({
        file: process.execPath,
        args: [join(BIN, 'codex-hot.js'), ...args],
        env: sandbox.env,
        cwd: sandbox.work,
        ...options,
      });
      disposals.push(terminal.dispose);
      return terminal;
    },
    async command(...args) {
      const run = await sandbox.run(process.execPath, [join(BIN, 'codex-hotswap.js'), ...args]);
      if (run.status !== 0) throw new Error(`codex-hotswap ${args.join(' ')}: ${run.stderr}`);
      return run.stdout;
    },
    events,
    eventsOf,
    async waitForEvent(type, count = 1, timeoutMs = 15_000) {
      for (const deadline = Date.now() + timeoutMs; ; ) {
        const found = eventsOf(type)[count - 1];
        if (found !== undefined) return found;
        if (Date.now() > deadline) {
          throw new Error(
            `no event ${type} (${count}) in:\n${events()
              .map((e) => JSON.stringify(e))
              .join('\n')}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    account: (name) =>
      JSON.parse(readFileSync(join(state, 'accounts', `${name}.json`), 'utf8')) as AccountState,
  };
}

/** Quits an idle Codex by its own command; resolves with how the supervisor ended. */
export async function quit(terminal: OuterTerminal): ReturnType<OuterTerminal['waitForExit']> {
  await waitForComposer(terminal);
  await terminal.submit('/quit');
  return terminal.waitForExit();
}
