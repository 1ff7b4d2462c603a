import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Backend, startBackend } from '../lab/backend/index.ts';
import { codexUnderTest } from '../lab/codex-under-test.ts';
import type { Cell } from '../lab/emulator.ts';
import { type OuterTerminal, openOuterTerminal } from '../lab/outer-terminal.ts';
import { itSince } from '../lab/playable.ts';
import { setUpHotswap } from '../lab/public-setup.ts';
import { makeSandbox, type Sandbox } from '../lab/sandbox.ts';

// The same keys to bare Codex and to supervised Codex: the same screen, cell by cell, colours and attributes included.
// Only what differs between two runs of bare Codex is masked: thread ids and the time of day.

let backend: Backend;

beforeAll(async () => {
  backend = await startBackend({ accounts: [{ name: 'acc1' }] });
  backend.setScript(() => ({ text: 'A fixed answer:\n\n- one\n- two — “three” 日本語\n' }));
});
afterAll(() => backend.close());

const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 200, rows: 50 },
];

describe.each(SIZES)('at $columns × $rows', ({ columns, rows }) => {
  let boxes: Sandbox[];
  let pair: { bare: OuterTerminal; supervised: OuterTerminal };

  beforeEach(async () => {
    // Codex picks a tip by chance. 0.130 tells at any time that the lab has no server of apps for it.
    const apps = codexUnderTest.isAtLeast('0.144.0') ? '' : '\nfeatures.apps = false';
    const config = `tui.show_tooltips = false${apps}`;
    const bareBox = await makeSandbox({ backend, config, login: 'acc1' });
    const box = await makeSandbox({ backend, config, accounts: ['acc1'] });
    boxes = [bareBox, box];
    const codex = await setUpHotswap(box, ['acc1']);
    // Under load Codex does not wait for the answer, and shades its composer or not: once bare and not supervised (0.155), and
    // once the other way round. A terminal that tells no colours gives one and the same screen.
    const looks = { columns, rows, tellsColours: false };
    const bare = (await knowsNoDaemon(bareBox)) ? ['--no-daemon'] : [];
    pair = {
      bare: openOuterTerminal({
        file: `${bareBox.realBin}/codex`,
        args: bare,
        env: bareBox.env,
        cwd: bareBox.work,
        ...looks,
      }),
      supervised: openOuterTerminal({ file: codex, env: box.env, cwd: box.work, ...looks }),
    };
  });
  afterEach(async () => {
    await Promise.all(Object.values(pair).map((terminal) => terminal.dispose()));
    await Promise.all(boxes.map((box) => box.dispose()));
  });

  itStandsStill(columns)('shows the same screens from start to end', async () => {
    await both((terminal) => terminal.waitForText(/›/));
    await both((terminal) => settle(terminal));
    await same('after the start');

    await both((terminal) => terminal.submit(TITLE));
    await both((terminal) => terminal.waitForText('two — “three” 日本語'));
    await same('after a turn');

    await both(async (terminal) => {
      terminal.type('/stat');
      await terminal.waitForText('/status');
    });
    await same('with the command list open');

    await both(async (terminal) => {
      // After an Escape 0.130 goes on to tell what a second one does, or not (bare: 3 of 8). 0.144 does so, too.
      if (codexUnderTest.isAtLeast('0.150.0')) terminal.press('escape');
      terminal.press('ctrl-c');
      await settle(terminal);
    });
    await both(async (terminal) => {
      terminal.paste('two pasted\nlines with ünïcödé');
      await terminal.waitForText('ünïcödé');
    });
    await same('with a draft in the composer');

    await both((terminal) => resize(terminal, columns - 20, rows - 4));
    await same('after a resize');

    await both((terminal) => endByKeys(terminal));
    const [bare, supervised] = await both((terminal) => terminal.waitForExit());
    expect(supervised).toEqual(bare);
    await same('after the end');
    expect(pair.supervised.modes()).toEqual(pair.bare.modes());
    expect(pair.supervised.stty()).toBe(pair.bare.stty());
  });

  /** Runs a step on both sides at once. */
  async function both<T>(step: (terminal: OuterTerminal) => Promise<T>): Promise<[T, T]> {
    return Promise.all([step(pair.bare), step(pair.supervised)]);
  }

  /** Waits until both screens are equal; a difference that stays is the failure, shown as rows. */
  async function same(when: string): Promise<void> {
    const equal = () => difference(pair.bare, pair.supervised).length === 0;
    const looks = [pair.bare, pair.supervised].map((terminal) =>
      terminal.waitUntil(equal, `equal screens ${when}`),
    );
    await Promise.any(looks).catch(() => undefined);
    expect(difference(pair.bare, pair.supervised), when).toEqual([]);
  }
});

/** Two bare 0.130 whose answer scrolls the screen differ in 5 of 6 runs: the composer is at the bottom, or two rows above it. */
function itStandsStill(columns: number): typeof it {
  return columns === 80
    ? itSince('0.144.0', 'its composer stands at one of two heights after a turn')
    : it;
}

/** Nothing on the screen moves any more: two looks apart by a frame of Codex's own animation see the same. */
async function settle(terminal: OuterTerminal): Promise<void> {
  await terminal.waitUntil(() => !/loading/.test(terminal.screen().join('\n')), 'no loading line');
}

/** Resolves when the thread is drawn again: 0.150 draws the composer at once, and wraps the thread some 75 ms later. */
async function resize(terminal: OuterTerminal, columns: number, rows: number): Promise<void> {
  const before = terminal.raw().length;
  terminal.resize(columns, rows);
  const isDrawn = () => terminal.raw().subarray(before).includes('“three”');
  await terminal.waitUntil(isDrawn, 'the thread at the new size');
}

async function endByKeys(terminal: OuterTerminal): Promise<void> {
  terminal.press('ctrl-c');
  await terminal.waitUntil(
    () => !terminal.screen().join('').includes('ünïcödé'),
    'an empty composer',
  );
  terminal.type('/quit');
  await terminal.waitForText('/quit');
  terminal.press('enter');
}

async function knowsNoDaemon(box: Sandbox): Promise<boolean> {
  return (await box.run(codexUnderTest.native, ['--help'])).stdout.includes('--no-daemon');
}

function difference(a: OuterTerminal, b: OuterTerminal): string[] {
  const [left, right] = [maskedRows(a), maskedRows(b)];
  return left.flatMap((row, index) =>
    row === right[index]
      ? []
      : [`row ${index}: bare ${row}`, `row ${index}: supervised ${right[index]}`],
  );
}

/** What the lab's backend calls every thread; as a prompt, too, it is the same before a thread has its title and after. */
const TITLE = 'Name the thread';
const VARYING = [
  /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g,
  // How long a turn took, and when it ended: to the end of the row, for `<1s` is longer than `1s`.
  /Worked for .*/g,
  /\b\d{1,2}:\d{2}\b/g,
];

/** Up to 0.144 the hint in the empty composer is chosen by chance, and the line at the end is wrapped inside the id. */
const isOld = !codexUnderTest.isAtLeast('0.150.0');
const WRAPPED_ID = [/(?<=codex resume )[0-9a-f-]+$/, /^[0-9a-f-]*-[0-9a-f]{12}(?= )/];

/** 0.160 greets in blue, two columns from the left, with words that it chooses by chance. */
const hasChanceGreeting = !codexUnderTest.isAtLeast('0.169.0');
const BLUE = '75';

/** Each row as text with its attributes behind it. */
function maskedRows(terminal: OuterTerminal): string[] {
  return terminal.cells().map((row) => {
    if (hasChanceGreeting && row[2]?.foreground === BLUE) return 'a greeting';
    const isHint = row[0]?.text === '›' && row[2]?.attributes.includes('dim');
    if (isOld && isHint) return '› a hint';
    const written = row.map((cell) => cell.text || ' ').join('');
    const varying = isOld ? [...VARYING, ...WRAPPED_ID] : VARYING;
    const text = varying.reduce(
      (masked, pattern) => masked.replace(pattern, (match) => '#'.repeat(match.length)),
      written,
    );
    // Codex colours a thread's title by its id.
    const title = written.indexOf(TITLE);
    const styled = row.map((cell, at) =>
      title !== -1 && at >= title && at < title + TITLE.length
        ? { ...cell, foreground: '#' }
        : cell,
    );
    return `${text.trimEnd()} ${describeStyles(styled)}`;
  });
}

/** Runs of equally styled cells: `12×default/default 3×red/default bold`. */
function describeStyles(row: Cell[]): string {
  const runs: { style: string; length: number }[] = [];
  for (const { foreground, background, attributes } of row) {
    const style = `${foreground}/${background} ${attributes}`;
    const last = runs.at(-1);
    if (last?.style === style) last.length += 1;
    else runs.push({ style, length: 1 });
  }
  return runs.map(({ style, length }) => `${length}×${style}`).join(' ');
}
