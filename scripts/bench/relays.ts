import { fileURLToPath } from 'node:url';
import { type HeldPty, spawnHeldPty } from '../../test/lab/held-pty.ts';
import type { Workshop } from './workshop.ts';

const STAND_IN = fileURLToPath(new URL('stand-in', import.meta.url));

export type Relay = 'direct' | 'script' | 'ours';

/** Runs a program in a terminal: directly, behind script(1), or supervised in the place of codex. */
export interface Relays {
  open(relay: Relay, program: string): Terminal;
}

export interface Terminal {
  readonly pty: HeldPty;
  /** Its exit status, after its last byte. */
  readonly ended: Promise<number>;
}

export async function openRelays(workshop: Workshop): Promise<Relays> {
  const { box, shim } = await workshop.openBench({ codex: STAND_IN });
  return {
    open(relay, program) {
      const commands: Record<Relay, [string, string[]]> = {
        direct: [STAND_IN, []],
        script: ['script', ['-qfec', STAND_IN, '/dev/null']],
        ours: [shim, []],
      };
      const [file, args] = commands[relay];
      const env = { ...box.env, STAND_IN: program };
      const pty = spawnHeldPty({ file, args, env, cwd: box.work, columns: 120, rows: 40 });
      const ended = new Promise<number>((resolve) => {
        pty.onExit(({ status, signal }) => resolve(signal === 0 ? status : 128 + signal));
      });
      return { pty, ended };
    },
  };
}
