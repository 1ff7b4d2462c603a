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
   * @param kept a private mode that is left as it is.
   */
  undo(kept?: number): string;
}

/**
 * Follows the modes that a program sets in the terminal, to undo them when the program dies without doing so (fact 81). A
 * mode that is not set any more is not undone: after a clean exit nothing is sent.
 */
export function createModeTracker(): ModeTracker {
  let screens = freshScreens();
  const privateModes = new Map<number, boolean>();
  const everSet = new Set<number>();
  let modifyOtherKeys = false;
  let scrollRegion = false;
  let styled = false;
  let cursorStyle = false;
  let keypad = false;
  let charset = false;
  let link = false;
  let progress = false;

  function reset(): void {
    screens = freshScreens();
    privateModes.clear();
    modifyOtherKeys = scrollRegion = styled = cursorStyle = keypad = charset = false;
    link = progress = false;
  }

  function setPrivateModes(parameters: string, set: boolean): void {
    for (const mode of parameters.slice(1).split(';').map(Number)) {
      if (mode === SAVED_CURSOR) continue;
      if (ALTERNATE_SCREENS.has(mode)) screens.alternate = set;
      if (set === ON_BY_DEFAULT.has(mode)) privateModes.delete(mode);
      else privateModes.set(mode, set);
      if (set) everSet.add(mode);
    }
  }

  // The kitty protocol keeps one stack for each screen. The alternate screen's stack is popped before that screen is left.
  function changeKittyStack(parameters: string): void {
    const stack = screens.alternate ? screens.kitty.alternate : screens.kitty.main;
    const count = Number.parseInt(parameters.slice(1), 10);
    if (parameters[0] === '>') stack.depth += 1;
    else if (parameters[0] === '<') stack.depth = Math.max(0, stack.depth - (count || 1));
    else if (parameters[0] === '=') stack.set = parameters !== '=0' && parameters !== '=';
  }

  const parser = createEscapeParser({
    csi(parameters, intermediates, final) {
      const key = `${parameters[0] === undefined || /\d/.test(parameters[0]) ? '' : parameters[0]}${intermediates}${final}`;
      if (key === '?h' || key === '?l') setPrivateModes(parameters, final === 'h');
      else if (final === 'u' && /^[><=]/.test(parameters)) changeKittyStack(parameters);
      else if (key === '>m') modifyOtherKeys = /^>4;[1-9]/.test(parameters);
      else if (key === 'r' || key === ';r') scrollRegion = parameters !== '';
      else if (key === ' q') cursorStyle = !/^0*$/.test(parameters);
      else if (key === '!p') reset();
      else if (final === 'm' && intermediates === '' && !/^[<-?]/.test(parameters)) {
        styled = /[^0]/.test(parameters);
      }
    },
    escape(sequence) {
      if (sequence === 'c') reset();
      else if (sequence === '=' || sequence === '>') keypad = sequence === '=';
      else if (sequence[0] === '(') charset = sequence !== '(B';
    },
    osc(payload) {
      if (payload.startsWith('8;')) link = !/^8;[^;]*;$/.test(payload);
      else if (payload.startsWith('9;4;')) progress = !payload.startsWith('9;4;0');
    },
  });

  return {
    feed(chunk) {
      let at = parser.isInside() ? parser.parse(chunk, 0) : 0;
      for (const start of findTrackedEscapes(chunk)) {
        if (start >= at) at = parser.parse(chunk, start);
      }
    },
    isSet: (mode) => privateModes.get(mode) ?? ON_BY_DEFAULT.has(mode),
    wasSet: (mode) => everSet.has(mode),
    undo(kept) {
      const { main, alternate } = screens.kitty;
      const left = [...privateModes].filter(
        ([mode]) => !ALTERNATE_SCREENS.has(mode) && mode !== kept,
      );
      const undone: (string | false)[] = [
        privateModes.has(SYNCHRONISED) && undoMode(SYNCHRONISED, true),
        link && '\u001b]8;;\u001b\\',
        progress && '\u001b]9;4;0\u001b\\',
        screens.alternate && undoKitty(alternate),
        ...[...privateModes].map(
          ([mode, set]) => ALTERNATE_SCREENS.has(mode) && undoMode(mode, set),
        ),
        // DECSTBM moves the cursor home, so the cursor's place is saved around it.
        scrollRegion && '\u001b7\u001b[r\u001b8',
        undoKitty(main),
        modifyOtherKeys && '\u001b[>4;0m',
        ...left.map(([mode, set]) => mode !== SYNCHRONISED && undoMode(mode, set)),
        keypad && '\u001b>',
        charset && '\u001b(B',
        cursorStyle && '\u001b[0 q',
        styled && '\u001b[0m',
      ];
      return undone.filter((sequence) => sequence !== false).join('');
    },
  };
}

interface KittyStack {
  depth: number;
  set: boolean;
}

function freshScreens(): {
  alternate: boolean;
  kitty: { main: KittyStack; alternate: KittyStack };
} {
  return {
    alternate: false,
    kitty: { main: { depth: 0, set: false }, alternate: { depth: 0, set: false } },
  };
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
