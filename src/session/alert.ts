import { toPlainText } from '../plain-text.ts';

/** What rings and pops up at a handoff, and when no account is left. */
export interface AlertSettings {
  bell: boolean;
  notify: boolean;
}

/** The bytes that draw attention to a line of ours, for a terminal that is in the middle of nothing. */
export type Alert = (line: string) => string;

/** @param env of the user's terminal: which notifications it knows is told there only. */
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

/** One of the two: terminals that know both would show it twice. Terminals that know neither ignore OSC 9. */
function protocolOf(env: NodeJS.ProcessEnv): Protocol | undefined {
  const { TERM = '', TMUX, VTE_VERSION, KONSOLE_VERSION } = env;
  // The console of Linux prints it; GNU screen lets nothing of the kind through.
  if (/^(?:|dumb|linux)$/.test(TERM) || (/^screen/.test(TERM) && !TMUX)) return undefined;
  const is777 = /^(?:foot|rxvt)/.test(TERM) || (!TMUX && Boolean(VTE_VERSION || KONSOLE_VERSION));
  return is777 ? 'osc-777' : 'osc-9';
}

function sequenceOf(protocol: Protocol, text: string): string {
  return protocol === 'osc-9'
    ? `\u001b]9;codex: ${text}${ST}`
    : `\u001b]777;notify;codex;${text.replaceAll(';', ',')}${ST}`;
}

/** tmux hands it on where `allow-passthrough` is on, and drops it else. */
function throughTmux(sequence: string, { TMUX }: NodeJS.ProcessEnv): string {
  return TMUX ? `\u001bPtmux;${sequence.replaceAll('\u001b', '\u001b\u001b')}${ST}` : sequence;
}

const MOST_CHARACTERS = 250;
