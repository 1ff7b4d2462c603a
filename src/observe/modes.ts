import { createEscapeParser } from './escape-parser.ts';
import { findTrackedEscapes } from './tracked-escapes.ts';

export interface ModeTracker {
  feed(chunk: Buffer): void;
  /** Whether a private mode is on, such as 2004, or 25 (on by default). */
  isSet(mode: number): boolean;
  /** Whether a private mode that is off by default has ever been on. */
  wasSet(mode: number): boolean;
  /**
   * The sequences that undo every mode that is still set; empty if there is none.
   */
  undo(leaving?: LeftAsTheyAre): string;
}

export interface LeftAsTheyAre {
  /** A private mode. */
  kept?: number | undefined;
  /** The alternate screen, with the keyboard's modes, which each screen has its own of, and the screen below it. */
  staysOnScreen?: boolean;
}

/**
 * Follows the modes that a program sets in the terminal, to undo them when the program dies without doing so (fact 81). A
 * mode that is not set any more is not undone: after a clean exit nothing is sent.
 */
export function createModeTracker(): ModeTracker {
  const modes: ModesLeftSet = { privateModes: new Map(), ...freshModes() };
  const everSet = new Set<number>();

  function reset(): void {
    modes.privateModes.clear();
    Object.assign(modes, freshModes());
  }

  function setPrivateModes(parameters: string, set: boolean): void {
    for (const mode of parameters.slice(1).split(';').map(Number)) {
      if (mode === SAVED_CURSOR) continue;
      if (ALTERNATE_SCREENS.has(mode)) modes.isAlternate = set;
      if (set === ON_BY_DEFAULT.has(mode)) modes.privateModes.delete(mode);
      else modes.privateModes.set(mode, set);
      if (set) everSet.add(mode);
    }
  }

  const parser = createEscapeParser({
    csi(parameters, intermediates, final) {
      const key = `${parameters[0] === undefined || /\d/.test(parameters[0]) ? '' : parameters[0]}${intermediates}${final}`;
      if (key === '?h' || key === '?l') setPrivateModes(parameters, final === 'h');
      else if (final === 'u' && /^[><=]/.test(parameters)) changeKittyStack(modes, parameters);
      else if (key === '>m') modes.modifyOtherKeys = /^>4;[1-9]/.test(parameters);
      else if (key === 'r' || key === ';r') modes.scrollRegion = parameters !== '';
      else if (key === ' q') modes.cursorStyle = !/^0*$/.test(parameters);
      else if (key === '!p') reset();
      else if (final === 'm' && intermediates === '' && !/^[<-?]/.test(parameters)) {
        modes.styled = /[^0]/.test(parameters);
      }
    },
    escape(sequence) {
      if (sequence === 'c') reset();
      else if (sequence === '=' || sequence === '>') modes.keypad = sequence === '=';
      else if (sequence[0] === '(') modes.charset = sequence !== '(B';
    },
    osc(payload) {
      if (payload.startsWith('8;')) modes.link = !/^8;[^;]*;$/.test(payload);
      else if (payload.startsWith('9;4;')) modes.progress = !payload.startsWith('9;4;0');
    },
  });

  return {
    feed(chunk) {
      let at = parser.isInside() ? parser.parse(chunk, 0) : 0;
      for (const start of findTrackedEscapes(chunk)) {
        if (start >= at) at = parser.parse(chunk, start);
      }
    },
    isSet: (mode) => modes.privateModes.get(mode) ?? ON_BY_DEFAULT.has(mode),
    wasSet: (mode) => everSet.has(mode),
    undo: (leaving = {}) => undoModes(modes, leaving),
  };
}

/** What the program has set in the terminal and has not undone. */
interface ModesLeftSet extends ReturnType<typeof freshModes> {
  privateModes: Map<number, boolean>;
}

function freshModes() {
  return {
    isAlternate: false,
    kitty: { main: freshKittyStack(), alternate: freshKittyStack() },
    ...{ modifyOtherKeys: false, scrollRegion: false, styled: false, cursorStyle: false },
    ...{ keypad: false, charset: false, link: false, progress: false },
  };
}

// The kitty protocol keeps one stack for each screen. The alternate screen's stack is popped before that screen is left.
function changeKittyStack({ kitty, isAlternate }: ModesLeftSet, parameters: string): void {
  const stack = isAlternate ? kitty.alternate : kitty.main;
  const count = Number.parseInt(parameters.slice(1), 10);
  if (parameters[0] === '>') stack.depth += 1;
  else if (parameters[0] === '<') stack.depth = Math.max(0, stack.depth - (count || 1));
  else if (parameters[0] === '=') stack.set = parameters !== '=0' && parameters !== '=';
}

function undoModes(modes: ModesLeftSet, { kept, staysOnScreen = false }: LeftAsTheyAre): string {
  const { privateModes } = modes;
  const left = [...privateModes].filter(([mode]) => !ALTERNATE_SCREENS.has(mode) && mode !== kept);
  const undone: (string | false)[] = [
    privateModes.has(SYNCHRONISED) && undoMode(SYNCHRONISED, true),
    modes.link && '\u001b]8;;\u001b\\',
    modes.progress && '\u001b]9;4;0\u001b\\',
    ...(staysOnScreen ? [] : undoScreen(modes)),
    modes.modifyOtherKeys && '\u001b[>4;0m',
    ...left.map(([mode, set]) => mode !== SYNCHRONISED && undoMode(mode, set)),
    modes.keypad && '\u001b>',
    modes.charset && '\u001b(B',
    modes.cursorStyle && '\u001b[0 q',
    modes.styled && '\u001b[0m',
  ];
  return undone.filter((sequence) => sequence !== false).join('');
}

function undoScreen(modes: ModesLeftSet): (string | false)[] {
  const { privateModes, kitty, scrollRegion } = modes;
  return [
    modes.isAlternate && undoKitty(kitty.alternate),
    ...[...privateModes].map(([mode, set]) => ALTERNATE_SCREENS.has(mode) && undoMode(mode, set)),
    // DECSTBM moves the cursor home, so the cursor's place is saved around it.
    scrollRegion && '\u001b7\u001b[r\u001b8',
    undoKitty(kitty.main),
  ];
}

interface KittyStack {
  depth: number;
  set: boolean;
}

function freshKittyStack(): KittyStack {
  return { depth: 0, set: false };
}

function undoMode(mode: number, set: boolean): string {
  return `\u001b[?${mode}${set ? 'l' : 'h'}`;
}

function undoKitty({ depth, set }: KittyStack): string {
  return (set ? '\u001b[=0u' : '') + (depth > 0 ? `\u001b[<${depth}u` : '');
}

const SYNCHRONISED = 2026;
/** It saves the cursor and restores it: to undo it would move the cursor. */
const SAVED_CURSOR = 1048;
const ALTERNATE_SCREENS = new Set([47, 1047, 1049]);
/** Autowrap, autorepeat, a visible cursor. */
const ON_BY_DEFAULT = new Set([7, 8, 25]);
