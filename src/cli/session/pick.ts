import { emitKeypressEvents, type Key } from 'node:readline';
import { cutToWidth } from '../cut-to-width.ts';

/** One line of a list. */
export interface Choice {
  /** What {@link pickFrom} returns for it. */
  value: string;
  label: string;
  /** Words that find it, besides those of the label. */
  hint?: string;
  /** Lines below the list while this choice is selected. */
  preview?: readonly string[];
}

/** One of the lists; Tab shows the next one. */
export interface View {
  title: string;
  /** Names this list in the hint for Tab, e.g. `all directories`. */
  name: string;
  /** Called when the list is first shown. */
  load(): Promise<readonly Choice[]>;
}

export interface PickOptions {
  /** A line that is always shown below the others, unless letters are typed that it does not have. */
  last?: Choice;
  /** Escape chooses this value. `name`: for the hint about keys. Without it Escape leaves. */
  onEscape?: { value: string; name: string };
}

/** Whether a person can pick from a list, which needs stdin and stderr to be a terminal. */
export function canPick(): boolean {
  return Boolean(process.stdin.isTTY && process.stderr.isTTY);
}

/**
 * Lets a person choose from lists. Arrows or Ctrl-N/P move, typed letters filter, Tab shows the next list, Enter chooses,
 * Esc or Ctrl-C cancels. The list is drawn on stderr and removed afterwards, because a script may read stdout.
 * @returns the value of the choice; undefined when the person cancels.
 */
export async function pickFrom(
  views: readonly View[],
  { last, onEscape }: PickOptions = {},
): Promise<string | undefined> {
  const { stdin, stderr } = process;
  const loaded: (readonly Choice[])[] = [];
  let view = 0;
  let filter = '';
  let selected = 0;
  let drawnLines = 0;
  loaded[0] = (await views[0]?.load()) ?? [];

  const matches = () => (loaded[view] ?? []).filter((choice) => matchesWords(choice, filter));
  const below = () => (last !== undefined && matchesWords(last, filter) ? [last] : []);

  function draw(): void {
    const [found, fixed] = [matches(), below()];
    selected = Math.max(0, Math.min(selected, found.length + fixed.length - 1));
    const count = filter === '' ? '' : ` (${found.length} of ${loaded[view]?.length})`;
    const title = `${views[view]?.title} ${filter}${count}`;
    const next = views.length > 1 ? views[(view + 1) % views.length]?.name : undefined;
    const leaving = onEscape === undefined ? 'Esc leaves' : `Esc ${onEscape.name}, Ctrl-C leaves`;
    const lines = renderList({ title, next, found, fixed, selected, leaving }, stderr);
    erase();
    stderr.write(lines.join('\r\n'));
    drawnLines = lines.length - 1;
  }

  function erase(): void {
    stderr.write(`\r${drawnLines > 0 ? `\u001b[${drawnLines}A` : ''}\u001b[J`);
    drawnLines = 0;
  }

  return new Promise((resolve, reject) => {
    function leave(value: string | undefined): void {
      erase();
      stderr.write('\u001b[?25h');
      stdin.off('keypress', press).setRawMode(false).pause();
      stderr.off('resize', draw);
      resolve(value);
    }

    async function showNext(): Promise<void> {
      const next = (view + 1) % views.length;
      loaded[next] ??= (await views[next]?.load()) ?? [];
      [view, selected] = [next, 0];
      draw();
    }

    function press(typed: string | undefined, key: Key): void {
      if (key.name === 'return' || key.name === 'enter') {
        const chosen = [...matches(), ...below()][selected];
        return chosen === undefined ? undefined : leave(chosen.value);
      }
      if (key.name === 'escape' && onEscape !== undefined) return leave(onEscape.value);
      if (key.name === 'escape' || (key.ctrl && 'cdg'.includes(key.name ?? '-'))) {
        return leave(undefined);
      }
      if (key.name === 'tab') return void showNext().catch(fail);
      const step = stepOf(key);
      if (step !== 0) selected += step;
      else if (key.name === 'backspace') filter = filter.slice(0, -1);
      else if (typed !== undefined && typed >= ' ' && !key.ctrl && !key.meta) filter += typed;
      draw();
    }

    function fail(error: unknown): void {
      leave(undefined);
      reject(error);
    }

    emitKeypressEvents(stdin);
    stdin.setRawMode(true).resume().on('keypress', press);
    stderr.on('resize', draw);
    stderr.write('\u001b[?25l');
    draw();
  });
}

/** By how many lines a key moves the selection. */
function stepOf({ name, ctrl }: Key): number {
  if (name === 'up' || (ctrl && name === 'p')) return -1;
  if (name === 'down' || (ctrl && name === 'n')) return 1;
  return name === 'pageup' ? -10 : name === 'pagedown' ? 10 : 0;
}

interface ListState {
  title: string;
  /** The name of the list that Tab shows. */
  next: string | undefined;
  /** The choices that match the filter. */
  found: readonly Choice[];
  /** What is shown below them in any case. */
  fixed: readonly Choice[];
  /** The index of the selected one in `found` and `fixed`. */
  selected: number;
  /** The hint about the keys that leave the list. */
  leaving: string;
}

/** The lines of a list, the preview and the keys, cut to the size of the terminal. */
function renderList(
  { title, next, found, fixed, selected, leaving }: ListState,
  size: { columns?: number; rows?: number },
): string[] {
  const cut = (text: string) => cutToWidth(text, Math.max(10, (size.columns ?? 80) - 3));
  const tab = next === undefined ? '' : `Tab ${next}, `;
  const choices = [...found, ...fixed];
  const preview = choices[selected]?.preview ?? [];
  const keys = `↑↓ Enter, letters search, ${tab}${leaving}`;
  const below = [...preview.map((line) => `  ${cut(line)}`), cut(keys)].map(dim);
  const rows = Math.max(3, (size.rows ?? 24) - 3 - below.length - fixed.length);
  const top = Math.max(0, Math.min(selected - Math.floor(rows / 2), found.length - rows));
  const lines = [...found.slice(top, top + rows), ...fixed].map((choice) =>
    choice === choices[selected]
      ? `\u001b[7m> ${cut(choice.label)}\u001b[27m`
      : `  ${cut(choice.label)}`,
  );
  return [cut(title), ...lines, ...below];
}

function dim(line: string): string {
  return `\u001b[2m${line}\u001b[22m`;
}

function matchesWords({ label, hint = '' }: Choice, filter: string): boolean {
  const text = `${label} ${hint}`.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
