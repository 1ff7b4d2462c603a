import { emitKeypressEvents, type Key } from 'node:readline';

/** One line to choose from. */
export interface Choice {
  label: string;
  /** Words to find it by, besides the label. */
  hint?: string;
}

/** Whether a person can be asked. */
export function canAsk(): boolean {
  return Boolean(process.stdin.isTTY && process.stderr.isTTY);
}

/**
 * Lets a person choose one of a list: arrows or Ctrl-N/P move, typed letters filter, Enter takes, Esc or Ctrl-C leaves.
 * Drawn on stderr and wiped away again, so that stdout stays the command's own.
 * @returns the index of the choice, or undefined when the person left.
 */
export function pickOne(title: string, choices: readonly Choice[]): Promise<number | undefined> {
  const { stdin, stderr } = process;
  let filter = '';
  let at = 0;
  let drawn = 0;

  const matches = () =>
    [...choices.keys()].filter((index) => matchesWords(choices[index] as Choice, filter));

  function draw(): void {
    const found = matches();
    at = Math.max(0, Math.min(at, found.length - 1));
    const rows = Math.max(3, (stderr.rows ?? 24) - 3);
    const top = Math.max(0, Math.min(at - Math.floor(rows / 2), found.length - rows));
    const lines = found.slice(top, top + rows).map((index, row) => {
      const { label } = choices[index] as Choice;
      return top + row === at ? `\u001b[7m> ${cut(label)}\u001b[27m` : `  ${cut(label)}`;
    });
    const count = filter === '' ? '' : ` (${found.length} of ${choices.length})`;
    wipe();
    stderr.write([`${title} ${filter}${count}`, ...lines].join('\r\n'));
    drawn = lines.length;
  }

  function wipe(): void {
    stderr.write(`\r${drawn > 0 ? `\u001b[${drawn}A` : ''}\u001b[J`);
    drawn = 0;
  }

  return new Promise((resolve) => {
    function leave(chosen: number | undefined): void {
      wipe();
      stderr.write('\u001b[?25h');
      stdin.off('keypress', press).setRawMode(false).pause();
      stderr.off('resize', draw);
      resolve(chosen);
    }

    function press(typed: string | undefined, key: Key): void {
      if (key.name === 'return' || key.name === 'enter') {
        const chosen = matches()[at];
        return chosen === undefined ? undefined : leave(chosen);
      }
      if (key.name === 'escape' || (key.ctrl && 'cdg'.includes(key.name ?? '-'))) {
        return leave(undefined);
      }
      if (key.name === 'up' || (key.ctrl && key.name === 'p')) at -= 1;
      else if (key.name === 'down' || (key.ctrl && key.name === 'n')) at += 1;
      else if (key.name === 'pageup') at -= 10;
      else if (key.name === 'pagedown') at += 10;
      else if (key.name === 'backspace') filter = filter.slice(0, -1);
      else if (typed !== undefined && typed >= ' ' && !key.ctrl && !key.meta) filter += typed;
      draw();
    }

    emitKeypressEvents(stdin);
    stdin.setRawMode(true).resume().on('keypress', press);
    stderr.on('resize', draw);
    stderr.write('\u001b[?25l');
    draw();
  });

  function cut(label: string): string {
    return [...label].slice(0, Math.max(10, (stderr.columns ?? 80) - 3)).join('');
  }
}

function matchesWords({ label, hint = '' }: Choice, filter: string): boolean {
  const text = `${label} ${hint}`.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
