/** What the terminal is set to send, for the keys that depend on it. */
export interface KeyModes {
  applicationCursor: boolean;
  /** Flags of the kitty keyboard protocol; 0 = off. */
  kittyFlags: number;
}

const PLAIN: Record<string, string> = {
  enter: '\r',
  tab: '\t',
  escape: '\x1b',
  backspace: '\x7f',
  space: ' ',
  'shift-tab': '\x1b[Z',
  delete: '\x1b[3~',
  'page-up': '\x1b[5~',
  'page-down': '\x1b[6~',
};
const CURSOR: Record<string, string> = {
  up: 'A',
  down: 'B',
  right: 'C',
  left: 'D',
  home: 'H',
  end: 'F',
};

/**
 * The bytes a terminal sends for a key: `enter`, `escape`, `up`, `ctrl-c`, … Throws for a key it does not know.
 * With the kitty protocol on, control keys and Escape become `CSI … u` (Ctrl-Z is then no 0x1A: pty fact 13).
 */
export function encodeKey(key: string, modes: KeyModes): string {
  const control = /^ctrl-([a-z\\\]])$/.exec(key)?.[1];
  if (control !== undefined) {
    if (modes.kittyFlags > 0) return `\x1b[${control.charCodeAt(0)};5u`;
    return String.fromCharCode(control.charCodeAt(0) & 0x1f);
  }
  if (key === 'escape' && modes.kittyFlags > 0) return '\x1b[27u';
  const cursor = CURSOR[key];
  if (cursor !== undefined) return `\x1b${modes.applicationCursor ? 'O' : '['}${cursor}`;
  const plain = PLAIN[key];
  if (plain === undefined) throw new Error(`unknown key ${key}`);
  return plain;
}
