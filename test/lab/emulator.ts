import xterm, { type IBuffer } from '@xterm/headless';
import type { KeyModes } from './keys.ts';

/** One character cell as it is painted. */
export interface Cell {
  text: string;
  /** `default`, a palette number, or `#rrggbb`. */
  foreground: string;
  background: string;
  /** Names of the attributes set, e.g. `bold dim`. */
  attributes: string;
}

/** A terminal emulator without a window, that answers queries as a real terminal does. */
export interface Emulator {
  /** Feeds output; resolves when it is on the screen. */
  feed(chunk: Buffer): Promise<void>;
  onReply(listener: (reply: string) => void): void;
  screen(): string[];
  scrollback(): string[];
  cells(): Cell[][];
  cursor(): { x: number; y: number };
  keyModes(): KeyModes;
  modes(): {
    bracketedPaste: boolean;
    focusReports: boolean;
    mouse: string;
    alternateScreen: boolean;
  };
  title(): string;
  resize(columns: number, rows: number): void;
  dispose(): void;
}

export interface EmulatorOptions {
  columns: number;
  rows: number;
  /** Speak the kitty keyboard protocol. Default false, like xterm. */
  kitty?: boolean;
  /** Tell the colours of the text and of what is behind it, as most terminals do. Default true. */
  tellsColours?: boolean;
}

export function createEmulator(options: EmulatorOptions): Emulator {
  const { columns, rows, kitty = false, tellsColours = true } = options;
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    scrollback: 10_000,
    allowProposedApi: true,
    windowOptions: { getWinSizeChars: true },
  });
  const replyListeners: ((reply: string) => void)[] = [];
  const reply = (text: string) => {
    for (const listener of replyListeners) listener(text);
  };
  terminal.onData(reply);
  if (tellsColours) answerColourQueries(terminal, reply);
  const kittyFlags = kitty ? trackKittyFlags(terminal, reply) : () => 0;
  let title = '';
  terminal.onTitleChange((text) => {
    title = text;
  });

  return {
    feed: (chunk) => new Promise((resolve) => terminal.write(chunk, resolve)),
    onReply: (listener) => replyListeners.push(listener),
    screen: () => readLines(terminal.buffer.active, terminal.buffer.active.baseY, terminal.rows),
    scrollback: () => readLines(terminal.buffer.normal, 0, terminal.buffer.normal.length),
    cells: () => readCells(terminal),
    cursor: () => ({ x: terminal.buffer.active.cursorX, y: terminal.buffer.active.cursorY }),
    keyModes: () => ({
      applicationCursor: terminal.modes.applicationCursorKeysMode,
      kittyFlags: kittyFlags(),
    }),
    modes: () => ({
      bracketedPaste: terminal.modes.bracketedPasteMode,
      focusReports: terminal.modes.sendFocusMode,
      mouse: terminal.modes.mouseTrackingMode,
      alternateScreen: terminal.buffer.active.type === 'alternate',
    }),
    title: () => title,
    resize: (newColumns, newRows) => terminal.resize(newColumns, newRows),
    dispose: () => terminal.dispose(),
  };
}

/** Without a window xterm has no colours to tell; Codex asks for both at its start (fact 77). */
function answerColourQueries(terminal: xterm.Terminal, reply: (text: string) => void): void {
  const colours = [
    [10, 'rgb:eeee/eeee/eeee'],
    [11, 'rgb:1111/1111/1111'],
  ] as const;
  for (const [code, colour] of colours) {
    terminal.parser.registerOscHandler(code, (data) => {
      if (data !== '?') return false;
      reply(`\x1b]${code};${colour}\x1b\\`);
      return true;
    });
  }
}

function trackKittyFlags(terminal: xterm.Terminal, reply: (text: string) => void): () => number {
  const stack: number[] = [];
  const first = (params: (number | number[])[]) => Number(params[0] ?? 0);
  const on = (prefix: string, act: (value: number) => void) =>
    terminal.parser.registerCsiHandler({ prefix, final: 'u' }, (params) => {
      act(first(params));
      return true;
    });
  on('>', (flags) => stack.push(flags));
  on('=', (flags) => stack.splice(-1, 1, flags));
  on('<', (count) => stack.splice(-Math.max(1, count)));
  on('?', () => reply(`\x1b[?${stack.at(-1) ?? 0}u`));
  return () => stack.at(-1) ?? 0;
}

function readLines(buffer: IBuffer, from: number, count: number): string[] {
  return Array.from(
    { length: count },
    (_, row) => buffer.getLine(from + row)?.translateToString(true) ?? '',
  );
}

function readCells(terminal: xterm.Terminal): Cell[][] {
  const { active } = terminal.buffer;
  return Array.from({ length: terminal.rows }, (_, row) => {
    const line = active.getLine(active.baseY + row);
    return Array.from({ length: terminal.cols }, (__, column): Cell => {
      const cell = line?.getCell(column);
      if (cell === undefined) return { text: '', foreground: '', background: '', attributes: '' };
      const attributes = {
        bold: cell.isBold(),
        dim: cell.isDim(),
        italic: cell.isItalic(),
        underline: cell.isUnderline(),
        blink: cell.isBlink(),
        inverse: cell.isInverse(),
        invisible: cell.isInvisible(),
        strikethrough: cell.isStrikethrough(),
        overline: cell.isOverline(),
      };
      return {
        text: cell.getChars(),
        foreground: describeColour(cell.isFgDefault(), cell.isFgRGB(), cell.getFgColor()),
        background: describeColour(cell.isBgDefault(), cell.isBgRGB(), cell.getBgColor()),
        attributes: Object.entries(attributes)
          .filter(([, set]) => set !== 0)
          .map(([name]) => name)
          .join(' '),
      };
    });
  });
}

function describeColour(isDefault: boolean, isRgb: boolean, colour: number): string {
  if (isDefault) return 'default';
  return isRgb ? `#${colour.toString(16).padStart(6, '0')}` : String(colour);
}
