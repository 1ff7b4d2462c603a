import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AccountState } from '../../src/accounts/account-state.ts';
import type { HotswapEvent } from '../../src/state/events.ts';
import type { Backend } from './backend/index.ts';
import { codexUnderTest } from './codex-under-test.ts';
import { type OuterTerminal, openOuterTerminal } from './outer-terminal.ts';
import { makeSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';

const DIST = fileURLToPath(new URL('../../dist/bin/', import.meta.url));

export interface HotswapOptions extends Omit<SandboxOptions, 'backend' | 'accounts'> {
  backend: Backend;
  /** The targets, in order; default all accounts of the backend. */
  accounts?: string[];
  /** Further keys of hotswap's own configuration, e.g. `prompt`. */
  settings?: Record<string, unknown>;
}

/** A sandbox in which hotswap is set up, and what it keeps there. */
export interface Hotswap {
  readonly sandbox: Sandbox;
  /** Types `codex <args>` in a terminal of its own; it is killed on `dispose` if it still runs. */
  open(args?: string[], terminal?: { columns?: number; rows?: number }): OuterTerminal;
  /** Runs `codex-hotswap <args>` to its end; its standard output. Throws when it fails. */
  command(...args: string[]): Promise<string>;
  events(): HotswapEvent[];
  /** The events of that type, in order. */
  eventsOf<T extends HotswapEvent['type']>(type: T): Extract<HotswapEvent, { type: T }>[];
  account(name: string): AccountState;
  dispose(): Promise<void>;
}

export async function openHotswap(options: HotswapOptions): Promise<Hotswap> {
  const { settings, ...rest } = options;
  const accounts = options.accounts ?? options.backend.accounts.map(({ name }) => name);
  // The nudge to another model opens over the composer and would swallow what a test types (fact M17).
  const config = [options.config ?? '', '[notice]', 'hide_rate_limit_model_nudge = true'].join(
    '\n',
  );
  const sandbox = await makeSandbox({ ...rest, accounts, config });
  const configuration = { version: 1, targets: accounts.map((name) => ({ name })), ...settings };
  writePrivate(join(sandbox.home, '.config/codex-hotswap/config.json'), configuration);
  const state = join(sandbox.home, '.local/state/codex-hotswap');
  const terminals: OuterTerminal[] = [];

  const events = () => {
    const file = join(state, 'events.jsonl');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    return lines.map((line) => JSON.parse(line) as HotswapEvent);
  };
  return {
    sandbox,
    open(args = [], terminal = {}) {
      const opened = openOuterTerminal({
        file: process.execPath,
        args: [join(DIST, 'codex-hot.js'), ...args],
        env: sandbox.env,
        cwd: sandbox.work,
        ...terminal,
      });
      terminals.push(opened);
      return opened;
    },
    async command(...args) {
      const file = join(DIST, 'codex-hotswap.js');
      const result = await sandbox.run(process.execPath, [file, ...args]);
      if (result.status !== 0) throw new Error(`codex-hotswap ${args.join(' ')}: ${result.stderr}`);
      return result.stdout;
    },
    events,
    eventsOf: (type) =>
      events().filter(
        (event): event is Extract<HotswapEvent, { type: typeof type }> => event.type === type,
      ),
    account: (name) =>
      JSON.parse(readFileSync(join(state, 'accounts', `${name}.json`), 'utf8')) as AccountState,
    async dispose() {
      for (const terminal of terminals) await terminal.dispose();
      await sandbox.dispose();
    },
  };
}

/** Quits an idle Codex by its own command; resolves with how the supervisor ended. */
export async function quit(terminal: OuterTerminal): ReturnType<OuterTerminal['waitForExit']> {
  await terminal.submit('/quit');
  return terminal.waitForExit();
}

/** Codex of the time before 0.150 records no error with a failed turn (fact M2). */
export const recordsErrors = codexUnderTest.isAtLeast('0.150.0');

function writePrivate(file: string, value: unknown): void {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
  writeFileSync(file, JSON.stringify(value), { mode: 0o600 });
}
