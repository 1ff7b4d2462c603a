import { emitKeypressEvents, type Key } from 'node:readline';
import { cutToWidth } from '../cut-to-width.ts';

/** One line to choose from. */
export interface Choice {
  label: string;
  /** Words to find it by, besides the label. */
  hint?: string;
  /** Lines below the list while this choice is selected. */
  preview?: readonly string[];
}

/** A list to choose from; Tab goes from one to the next. */
export interface View {
  title: string;
  /** What Tab leads to when it leads here, e.g. `all directories`. */
  name: string;
  /** Asked for when the list is first looked at. */
  load(): Promise<readonly Choice[]>;
}

/** Whether a person can be asked. */
export function canAsk(): boolean {
  return Boolean(process.stdin.isTTY && process.stderr.isTTY);
}

/** The index of the choice, or undefined when the person left. */
export async function pickOne(
  title: string,
  choices: readonly Choice[],
): Promise<number | undefined> {
  const picked = await pickFrom([{ title, name: '', load: async () => choices }]);
  return picked?.choice;
}

/**
 * Lets a person choose one of some lists: arrows or Ctrl-N/P move, typed letters filter, Tab shows the next list, Enter
 * takes, Esc or Ctrl-C leaves. Drawn on stderr and wiped away again, so that stdout stays the command's own.
 * @returns which list and which of its choices, or undefined when the person left.
 */
export async function pickFrom(
  views: readonly View[],
): Promise<{ view: number; choice: number } | undefined> {
  const { stdin, stderr } = process;
  const loaded: (readonly Choice[])[] = [];
  let view = 0;
  let filter = '';
  let at = 0;
  let drawn = 0;
  loaded[0] = (await views[0]?.load()) ?? [];

  const choices = () => loaded[view] ?? [];
  const matches = () =>
    [...choices().keys()].filter((index) => matchesWords(choices()[index] as Choice, filter));

  function draw(): void {
    const found = matches();
    at = Math.max(0, Math.min(at, found.length - 1));
    const next = views.length > 1 ? views[(view + 1) % views.length]?.name : undefined;
    const title = `${views[view]?.title} ${filter}`;
    const isFiltered = filter !== '';
    const lines = renderList({ title, next, isFiltered, choices: choices(), found, at }, stderr);
    wipe();
    stderr.write(lines.join('\r\n'));
    drawn = lines.length - 1;
  }

  function wipe(): void {
    stderr.write(`\r${drawn > 0 ? `\u001b[${drawn}A` : ''}\u001b[J`);
    drawn = 0;
  }

  return new Promise((resolve, reject) => {
    function leave(choice: number | undefined): void {
      wipe();
      stderr.write('\u001b[?25h');
      stdin.off('keypress', press).setRawMode(false).pause();
      stderr.off('resize', draw);
      resolve(choice === undefined ? undefined : { view, choice });
    }

    async function showNext(): Promise<void> {
      const next = (view + 1) % views.length;
      loaded[next] ??= (await views[next]?.load()) ?? [];
      [view, at] = [next, 0];
      draw();
    }

    function press(typed: string | undefined, key: Key): void {
      if (key.name === 'return' || key.name === 'enter') {
        const chosen = matches()[at];
        return chosen === undefined ? undefined : leave(chosen);
      }
      if (key.name === 'escape' || (key.ctrl && 'cdg'.includes(key.name ?? '-'))) {
        return leave(undefined);
      }
      if (key.name === 'tab') return void showNext().catch(fail);
      const step = stepOf(key);
      if (step !== 0) at += step;
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

/** How far a key moves the selection. */
function stepOf({ name, ctrl }: Key): number {
  if (name === 'up' || (ctrl && name === 'p')) return -1;
  if (name === 'down' || (ctrl && name === 'n')) return 1;
  return name === 'pageup' ? -10 : name === 'pagedown' ? 10 : 0;
}

interface ListState {
  title: string;
  /** The list that Tab shows. */
  next: string | undefined;
  isFiltered: boolean;
  choices: readonly Choice[];
  /** The choices that match, by index. */
  found: readonly number[];
  /** The selected one of them. */
  at: number;
}

/** The lines of a list, with its keys below, cut to the terminal's size. */
function renderList(
  { title, next, isFiltered, choices, found, at }: ListState,
  size: { columns?: number; rows?: number },
): string[] {
  const cut = (text: string) => cutToWidth(text, Math.max(10, (size.columns ?? 80) - 3));
  const tab = next === undefined ? '' : `Tab ${next}, `;
  const preview = choices[found[at] ?? -1]?.preview ?? [];
  const keys = `↑↓ Enter, letters search, ${tab}Esc leaves`;
  const below = [...preview.map((line) => `  ${cut(line)}`), cut(keys)].map(dim);
  const rows = Math.max(3, (size.rows ?? 24) - 3 - below.length);
  const top = Math.max(0, Math.min(at - Math.floor(rows / 2), found.length - rows));
  const lines = found.slice(top, top + rows).map((index, row) => {
    const { label } = choices[index] as Choice;
    return top + row === at ? `\u001b[7m> ${cut(label)}\u001b[27m` : `  ${cut(label)}`;
  });
  const count = isFiltered ? ` (${found.length} of ${choices.length})` : '';
  return [cut(`${title}${count}`), ...lines, ...below];
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
