import { symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Backend, startBackend } from '../../test/lab/backend/index.ts';
import type { TurnRequest } from '../../test/lab/backend/turn-request.ts';
import { makeSandbox, type Sandbox } from '../../test/lab/sandbox.ts';

export interface Stage {
  readonly backend: Backend;
  readonly box: Sandbox;
  /** Sets hotswap up in the sandbox by its public commands, and prints them. */
  setUp(): Promise<void>;
  /** Runs a command in the sandbox, and prints it with its output. @throws Error when it fails. */
  type(command: string, ...args: string[]): Promise<void>;
  /** Adds a call that ends a program of the stage. They are called when the stage closes, the newest first. */
  onClose(end: () => Promise<void>): void;
  close(): Promise<void>;
}

const ACCOUNTS = [{ name: 'acc1', turnsLeft: 1 }, { name: 'acc2' }, { name: 'acc3' }];
const BIN = fileURLToPath(new URL('../../dist/bin', import.meta.url));
/** The variables that the user's own terminal needs. The sandbox gets no other variable of the user. */
const TERMINAL_VARIABLES = ['TERM', 'COLORTERM', 'TERM_PROGRAM', 'LANG', 'LC_ALL', 'LC_TIME', 'TZ'];

/** Makes a sandboxed HOME with the real Codex in it, and a made-up ChatGPT backend with three accounts. */
export async function openStage(isWatched: boolean): Promise<Stage> {
  const backend = await startBackend({ accounts: ACCOUNTS });
  // Codex's own reminder near a limit would cover the composer (fact 73).
  const config = 'notice.hide_rate_limit_model_nudge = true';
  const box = await makeSandbox({ backend, config });
  backend.setScript(answer);
  for (const command of ['codex-hotswap', 'codex-hot']) {
    await symlink(join(BIN, `${command}.js`), join(box.realBin, command));
  }
  for (const name of isWatched ? TERMINAL_VARIABLES : []) {
    const value = process.env[name];
    if (value !== undefined) box.env[name] = value;
  }
  // As the line does that `install-shim` offers for the start-up file of a shell.
  box.env.PATH = `${join(box.home, '.local/share/codex-hotswap/bin')}:${box.env.PATH}`;

  const ends: (() => Promise<void>)[] = [];
  let isClosing = false;
  const run = async (command: string, ...args: string[]) => {
    if (isClosing) throw new Error('the stage is being cleared');
    const { status, stdout, stderr } = await box.run('/usr/bin/env', [command, ...args]);
    if (status !== 0) throw new Error(`${command} ${args[0]} failed (${status}):\n${stderr}`);
    return stdout.replace(/^\n+|\s+$/g, '').replaceAll(box.home, '~');
  };
  const type: Stage['type'] = async (command, ...args) => {
    console.log(`\n$ ${[command, ...args].join(' ')}`);
    console.log(indent(await run(command, ...args)));
  };

  return {
    backend,
    box,
    type,
    async setUp() {
      console.log(
        'The real Codex, a sandboxed HOME, and a made-up ChatGPT backend with three accounts.',
      );
      console.log('No internet, no account of yours; your own ~/.codex is not touched.');
      console.log(`All of it is in ${relative('.', box.home)}, which is removed at the end.`);
      await type(
        'codex-hotswap',
        'setup',
        '--force',
        '--count',
        '3',
        '--prefix',
        'acc',
        '--install-shim',
      );
      for (const { name } of ACCOUNTS) {
        // With a real account the command is `codex-hotswap login NAME`: Codex's own login, in the browser.
        backend.expectLogin(name);
        console.log(`\n$ codex-hotswap login ${name} --device-auth`);
        const issuer = ['--experimental_issuer', backend.origin];
        const said = await run('codex-hotswap', 'login', name, '--device-auth', '--', ...issuer);
        console.log(indent(said.split('\n').at(-1) ?? ''));
      }
      await type('codex-hotswap', 'doctor');
    },
    onClose: (end) => void ends.unshift(end),
    async close() {
      isClosing = true;
      for (const end of ends) await end();
      await box.dispose();
      await backend.close();
    },
  };
}

function answer({ account, userTexts, isContinuation, purpose }: TurnRequest) {
  if (purpose !== 'turn' || isContinuation) return undefined;
  const asked = userTexts.filter((text) => text !== 'continue');
  const last = JSON.stringify(asked.at(-1)?.slice(0, 60) ?? '');
  const messages = asked.length === 1 ? 'one message' : `${asked.length} messages`;
  return {
    text: `This is ${account.name}. I was sent ${messages} of yours; the last is ${last}.`,
    delayMs: 15,
  };
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
