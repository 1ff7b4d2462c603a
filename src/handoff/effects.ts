import type { LimitProof } from '../codex/limit-proof.ts';
import type { Logged } from '../state/events.ts';
import type { AwaitedAccount } from './accounts.ts';
import type { Source } from './events.ts';
import type { SessionThread } from './session-thread.ts';
import type { Ending } from './states.ts';

/** The effect of that name. */
export type EffectOf<Name extends Effect['do']> = Extract<Effect, { do: Name }>;

/** The command of one Codex process. */
export interface ChildPlan {
  file: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  /** One line for the user before the child starts: Codex has another version now. */
  news?: string;
}

export interface StartEffect {
  do: 'start';
  plan: ChildPlan;
  /** `first`: the user's command line; `again`: the same once more; `resume`: a resume of the thread. */
  how: 'first' | 'again' | 'resume';
  /** The thread that the child resumes. */
  thread?: SessionThread;
  /** Set when a turn was cut off: the prompt that continues the work, '' for none. */
  goOnWith?: string;
}

export type Effect =
  | StartEffect
  | { do: 'seek-proof'; source: Source; directory: string | undefined }
  /** Marks the account that runs. */
  | { do: 'mark'; proof: LimitProof }
  /** Marks the account that ran, and chooses the next one. */
  | { do: 'choose'; proof: LimitProof; directory: string | undefined }
  /** The account has answered a turn, so its limit has ended. `beganAt`: when the turn began, epoch milliseconds. */
  | { do: 'note-answer'; beganAt: number }
  /** Puts the target's login into the overlay, and plans the next child. `{account}` in the prompt is the account that goes on. */
  | { do: 'move'; target: string; thread: SessionThread | undefined; prompt: string }
  /** Plans a child under the account that ran. */
  | { do: 'stay'; thread: SessionThread }
  /** Copies the thread without the parts that the account may not read, and plans a child for the copy. */
  | { do: 'copy'; thread: SessionThread; prompt: string }
  | { do: 'await-reset'; awaited: AwaitedAccount }
  | { do: 'stop-waiting' }
  | { do: 'hold-input' }
  | { do: 'release-input' }
  /** The work of a command does not go on: its client gets the lines of the failure. */
  | { do: 'release-output' }
  | { do: 'stop-child' }
  | { do: 'kill-child' }
  | { do: 'signal-child'; signal: NodeJS.Signals }
  | { do: 'hang-up-child' }
  | { do: 'suspend-ourselves' }
  /** Before a successor, bracketed paste stays on. Without it a paste between two children would come as keys. */
  | { do: 'undo-modes'; before: 'successor' | 'end' }
  | { do: 'schedule-retry'; attempt: number }
  | { do: 'record-thread'; thread: SessionThread; copyOf: string | undefined }
  | { do: 'log'; event: Logged }
  /** One line for the user. `isUrgent`: with bell and notification. */
  | { do: 'tell'; line: string; isUrgent: boolean }
  /** `note`: behind the account in the window's title; '' for none. `alert`: the line of the notification. */
  | { do: 'set-title'; note: string; alert?: string }
  | { do: 'flush' }
  | { do: 'restore-terminal' }
  /** `lines`: for stderr, after the terminal is restored. */
  | { do: 'exit'; ending: Ending; lines: readonly string[] };
