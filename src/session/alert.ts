import { toPlainText } from '../plain-text.ts';

/** The user's settings for a handoff, and for a limit of all accounts. */
export interface AlertSettings {
  bell: boolean;
  notify: boolean;
}

/** Makes the bytes of bell and notification for a line of ours. They must not be written into the middle of a sequence. */
export type Alert = (line: string) => string;

/** @param env the user's environment. It tells which notifications the terminal knows. */
export function createAlert({ bell, notify }: AlertSettings, env: NodeJS.ProcessEnv): Alert {
  const protocol = notify ? protocolOf(env) : undefined;
  return (line) => {
    const text = toPlainText(line.replace(/^codex-hotswap: /, ''), MOST_CHARACTERS);
    const popUp = protocol === undefined ? '' : throughTmux(sequenceOf(protocol, text), env);
    return `${popUp}${bell ? BELL : ''}`;
  };
}

const BELL = '\u0007';
const ST = '\u001b\\';

type Protocol = 'osc-9' | 'osc-777';

/** One sequence only: a terminal that knows both would show the line twice. A terminal that knows none ignores OSC 9. */
function protocolOf(env: NodeJS.ProcessEnv): Protocol | undefined {
  const { TERM = '', TMUX, VTE_VERSION, KONSOLE_VERSION } = env;
  // The Linux console prints the sequence, and GNU screen does not pass it on.
  if (/^(?:|dumb|linux)$/.test(TERM) || (/^screen/.test(TERM) && !TMUX)) return undefined;
  const is777 = /^(?:foot|rxvt)/.test(TERM) || (!TMUX && Boolean(VTE_VERSION || KONSOLE_VERSION));
  return is777 ? 'osc-777' : 'osc-9';
}

function sequenceOf(protocol: Protocol, text: string): string {
  return protocol === 'osc-9'
    ? `\u001b]9;codex: ${text}${ST}`
    : `\u001b]777;notify;codex;${text.replaceAll(';', ',')}${ST}`;
}

/** tmux passes the sequence on where `allow-passthrough` is on, and drops it otherwise. */
function throughTmux(sequence: string, { TMUX }: NodeJS.ProcessEnv): string {
  return TMUX ? `\u001bPtmux;${sequence.replaceAll('\u001b', '\u001b\u001b')}${ST}` : sequence;
}

const MOST_CHARACTERS = 250;
