import { describe, expect, it } from 'vitest';
import { PASTE_END, PASTE_START, readComposerKeys } from '../../../../src/codex/composer-keys.ts';
import { bracketTypedText } from '../../../../src/codex/replayed-keys.ts';
import { createInputClassifier } from '../../../../src/observe/keys.ts';
import { createBurstReader } from '../../../../src/session/tui/bursts.ts';
import { createInputGate } from '../../../../src/session/tui/input-gate.ts';

// Nothing is sent that nobody has sent: prompts are the Enter keys that a person pressed outside of pastes.

const LINES = 'a\rrm -rf b\r\rz';
const paste = (text: string) => `${PASTE_START}${text}${PASTE_END}`;

/**
 * A composer that takes what comes as Codex does, and knows what came as one paste. Codex, too, tells a paste without
 * brackets by the time; what comes directly is judged here as we judge what waits.
 */
function createComposer() {
  const bursts = createBurstReader();
  const classifier = createInputClassifier();
  return {
    take(bytes: string, at: number) {
      const { keys } = classifier.feed(Buffer.from(bytes, 'latin1'));
      bursts.add(keys.toString('latin1'), at, {
        destination: 'delivered',
        moment: { at, isTurnRunning: false },
      });
    },
    read() {
      const bytes = bursts
        .takeFinished(Number.POSITIVE_INFINITY)
        .map(({ keys }) => keys)
        .join('');
      const sent: string[] = [];
      const stray: string[] = [];
      let text = '';
      let pastes = 0;
      for (const key of readComposerKeys(bytes)) {
        if (key.kind === 'paste') {
          text += key.bytes.slice(PASTE_START.length, -PASTE_END.length);
          pastes += 1;
        } else if (key.kind === 'text') text += key.bytes;
        else if (key.kind === 'enter') {
          sent.push(text);
          text = '';
        } else stray.push(key.bytes);
      }
      return { sent, text, pastes, stray };
    },
  };
}

/** A gate between a terminal and one child after the other, and a clock. */
function openGate() {
  const first = createComposer();
  const second = createComposer();
  let child: typeof first | undefined = first;
  let dialogSince: number | undefined;
  let time = 10_000;
  let timers: { at: number; act: () => void }[] = [];
  const gate = createInputGate({
    deliver: (bytes) => child?.take(bytes.toString('latin1'), time),
    deliverHeld: (keys) => child?.take(bracketTypedText(keys), time),
    classifier: createInputClassifier(),
    dialogSince: () => dialogSince,
    isTurnRunning: () => false,
    takesAnswers: () => true,
    now: () => time,
    ticks: () => time,
    after: (ms, act) => timers.push({ at: time + ms, act }),
  });
  return {
    gate,
    first,
    second,
    wait(ms: number) {
      const end = time + ms;
      for (;;) {
        const [next] = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        time = Math.max(time, next.at);
        next.act();
      }
      time = end;
    },
    feed: (keys: string) => gate.feed(Buffer.from(keys, 'latin1')),
    dialog: {
      open: () => {
        dialogSince = time;
      },
      close: () => {
        dialogSince = undefined;
      },
    },
    endChild() {
      child = undefined;
      gate.keepUnsentInput(undefined);
    },
    startChild() {
      child = second;
    },
  };
}

type Step = 'hold' | 'end' | 'release';

/** Types chunks, 1 ms apart; before chunk n happens what is planned for it. */
function play(chunks: string[], plan: Record<Step, number>, enterAfterMs?: number) {
  const session = openGate();
  const { gate } = session;
  const act = (at: number) => {
    if (plan.hold === at) gate.hold();
    if (plan.end === at) session.endChild();
    if (plan.release === at) {
      if (plan.end <= at) session.startChild();
      gate.release();
    }
  };
  for (const [at, chunk] of chunks.entries()) {
    act(at);
    gate.feed(Buffer.from(chunk, 'latin1'));
    session.wait(1);
  }
  act(chunks.length);
  session.wait(2000);
  if (enterAfterMs !== undefined) {
    session.wait(enterAfterMs);
    gate.feed(Buffer.from('\r'));
    session.wait(2000);
  }
  return session;
}

/** Every order of hold, end of the child and release among so many chunks. */
function* plans(chunks: number): Generator<Record<Step, number>> {
  for (let hold = 0; hold <= chunks; hold += 1) {
    for (let end = hold; end <= chunks; end += 1) {
      for (let release = end; release <= chunks; release += 1) yield { hold, end, release };
    }
  }
}

/** The child was given an Enter and nothing else: that is between the terminal and Codex. */
function isSentAlready(bytes: string, { hold }: Record<Step, number>, first: number): boolean {
  return bytes.startsWith('\r') && hold === 1 && first === 1;
}

const FORMS: [form: string, bytes: string, text: string][] = [
  ['in brackets', paste(LINES), LINES],
  ['in brackets, with a last Enter', paste(`${LINES}\r`), `${LINES}\r`],
  ['without brackets', LINES, LINES],
  ['without brackets, with a last Enter', `${LINES}\r`, `${LINES}\r`],
  ['without brackets, beginning with Enter', `\r${LINES}`, `\r${LINES}`],
];

describe('four pasted lines, wherever the handoff cuts them', () => {
  it.each(FORMS)('are unsent in the composer of the successor: %s', (form, bytes, text) => {
    let cases = 0;
    const chunks = [...bytes];
    for (const plan of plans(chunks.length)) {
      if (isSentAlready(bytes, plan, 1)) continue;
      const { second } = play(chunks, plan);
      const read = second.read();
      expect({ plan, ...read }).toMatchObject({ plan, sent: [], text, stray: [] });
      if (form.startsWith('in brackets')) expect(read.pastes).toBe(1);
      cases += 1;
    }
    expect(cases).toBeGreaterThan(100);
  });

  it.each(FORMS)('are sent by an Enter after them: %s', (_, bytes, text) => {
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const chunks = [bytes.slice(0, cut), bytes.slice(cut)].filter((chunk) => chunk !== '');
      for (const plan of plans(chunks.length)) {
        if (isSentAlready(bytes, plan, cut)) continue;
        expect({ cut, plan, ...play(chunks, plan, 200).second.read() }).toMatchObject({
          sent: [text],
          text: '',
          stray: [],
        });
      }
    }
  });

  it.each(FORMS)('stay what they are for a child that lives: %s', (form, bytes, text) => {
    const chunks = [...bytes];
    for (let hold = 0; hold <= chunks.length; hold += 1) {
      for (let release = hold; release <= chunks.length; release += 1) {
        const plan = { hold, end: Number.POSITIVE_INFINITY, release };
        if (isSentAlready(bytes, plan, 1)) continue;
        const { first } = play(chunks, plan);
        const read = first.read();
        expect({ plan, ...read }).toMatchObject({ plan, sent: [], text, stray: [] });
        if (form.startsWith('in brackets')) expect(read.pastes).toBe(1);
      }
    }
  });
});

describe('a paste in another moment', () => {
  const ESC = '\u001b';
  const bracketed = paste(LINES);

  it('does not cancel the waiting for an account, though its first byte looks like Escape', () => {
    for (let cut = 1; cut < bracketed.length; cut += 1) {
      const { gate, first, feed, wait } = openGate();
      let told = 0;
      gate.onNextKey(() => {
        told += 1;
      });
      feed(bracketed.slice(0, cut));
      wait(1);
      feed(bracketed.slice(cut));
      wait(1000);
      expect({ cut, told, ...first.read() }).toMatchObject({
        cut,
        told: 1,
        sent: [],
        text: LINES,
        stray: [],
      });
    }
  });

  it('… and Escape itself does, when nothing follows', () => {
    const { gate, first, feed, wait } = openGate();
    let told = 0;
    gate.onNextKey(() => {
      told += 1;
    });
    feed(ESC);
    expect(told).toBe(0);
    wait(100);
    expect([told, first.read().stray]).toEqual([1, []]);
    feed('x');
    expect(first.read().text).toBe('x');
  });

  it('waits for the end of the dialog that it met, whole, though its end comes when that is open', () => {
    for (let cut = 1; cut < bracketed.length; cut += 1) {
      const { gate, second, feed, wait, endChild, startChild, dialog } = openGate();
      gate.hold();
      endChild();
      startChild();
      feed(bracketed.slice(0, cut));
      dialog.open();
      wait(1);
      gate.release();
      wait(20);
      feed(bracketed.slice(cut));
      wait(3000);
      expect({ cut, ...second.read() }).toMatchObject({ cut, text: '', pastes: 0, stray: [] });
      feed('1');
      wait(200);
      expect(second.read().text).toBe('1');
      dialog.close();
      wait(500);
      expect({ cut, ...second.read() }).toMatchObject({ sent: [], text: LINES, stray: [] });
    }
  });

  it('is followed by the Ctrl-C that was pressed after it, which empties the composer', () => {
    const { gate, second, feed, wait, endChild, startChild } = openGate();
    gate.hold();
    endChild();
    feed(bracketed);
    wait(300);
    feed('\u0003');
    wait(300);
    startChild();
    gate.release();
    wait(500);
    expect(second.read()).toMatchObject({ sent: [], pastes: 1, stray: ['\u0003'] });
  });

  it('has nothing of the terminal’s own answers in it, which came at the same time', () => {
    const focus = `${ESC}[I`;
    for (let hold = 0; hold <= bracketed.length; hold += 1) {
      const { gate, first, feed, wait } = openGate();
      for (const [at, byte] of [...`${bracketed}${focus}`].entries()) {
        if (at === hold) gate.hold();
        feed(byte);
        wait(1);
      }
      gate.release();
      wait(500);
      expect({ hold, ...first.read() }).toMatchObject({ hold, sent: [], text: LINES, pastes: 1 });
    }
  });

  it('that never ends is not waited for: the child gets what there is', () => {
    const { gate, first, feed, wait } = openGate();
    gate.hold();
    feed(`${PASTE_START}half`);
    gate.release();
    wait(3000);
    feed(` and half${PASTE_END}`);
    wait(500);
    expect(first.read()).toMatchObject({ sent: [], text: 'half and half', pastes: 1 });
  });
});

describe('what a person types', () => {
  it.each([
    ['between two children', 0],
    ['half before the end of the first', 4],
    ['but for Enter before its end', 10],
  ])('and sends is sent: %s', (_, hold) => {
    const { gate, second, feed, wait, endChild, startChild } = openGate();
    const typed = 'and then x\rmore';
    for (const [at, key] of [...typed].entries()) {
      if (at === hold) {
        gate.hold();
        endChild();
      }
      feed(key);
      wait(60);
    }
    startChild();
    gate.release();
    wait(500);
    expect(second.read()).toMatchObject({ sent: ['and then x'], text: 'more', stray: [] });
  });

  it.each([
    ['a letter', 'hi', { sent: [], text: 'hi' }],
    ['Enter', '\r', { sent: [''], text: '' }],
  ])('after Escape is no Alt with %s', (_, typed, read) => {
    const { gate, second, feed, wait, endChild, startChild } = openGate();
    gate.hold();
    endChild();
    for (const key of ['\u001b', ...typed]) {
      feed(key);
      wait(200);
    }
    startChild();
    gate.release();
    wait(500);
    expect(second.read()).toMatchObject({ ...read, stray: ['\u001b[27u'] });
  });

  it('is not lost where the handoff came after its second letter', () => {
    const { gate, second, feed, wait, endChild, startChild } = openGate();
    for (const [at, key] of [...'fix it'].entries()) {
      if (at === 2) {
        gate.hold();
        endChild();
      }
      feed(key);
      wait(60);
    }
    startChild();
    gate.release();
    wait(500);
    expect(second.read().text).toBe('fix it');
  });
});
