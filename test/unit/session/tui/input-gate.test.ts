import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createInputClassifier } from '../../../../src/observe/keys.ts';
import { createInputGate } from '../../../../src/session/tui/input-gate.ts';

const ESC = '\u001b';

function openGate() {
  const log: string[] = [];
  const at = { now: 10_000, dialog: undefined as number | undefined, resuming: false };
  let due: (() => void)[] = [];
  const gate = createInputGate({
    deliver: (bytes) => log.push(bytes.toString('latin1')),
    deliverHeld: (keys) => log.push(`held:${keys}`),
    classifier: createInputClassifier(),
    dialogSince: () => at.dialog,
    isTurnRunning: () => false,
    takesAnswers: () => at.resuming,
    now: () => at.now,
    ticks: () => at.now,
    after: (_, act) => due.push(act),
  });
  /** Lets a second pass, and every timer run. */
  const look = () => {
    at.now += 1000;
    const acts = due;
    due = [];
    for (const act of acts) act();
  };
  return { gate, log, at, look, feed: (text: string) => gate.feed(Buffer.from(text, 'latin1')) };
}

it('gives no key twice: an Escape from before the hold is not pressed again', () => {
  const { gate, log, feed } = openGate();
  feed(ESC);
  gate.hold();
  gate.release();
  expect(log).toEqual([ESC]);
});

it('lets an answer that was cut by the hold arrive once', () => {
  const { gate, log, feed } = openGate();
  feed(`${ESC}[12`);
  gate.hold();
  feed(';1R');
  gate.release();
  expect(log.join('')).toBe(`${ESC}[12;1R`);
});

it('is blank while keys are held, for those are not in the composer yet', () => {
  const { gate, feed } = openGate();
  gate.hold();
  feed('typed ahead');
  expect(gate.isBlank()).toBe(true);
  gate.release();
  expect(gate.isBlank()).toBe(false);
});

it('keeps keys in order while held, and lets answers through', () => {
  const { gate, log, look, feed } = openGate();
  gate.hold();
  feed('ab');
  feed(`${ESC}[1;1R`);
  feed('c');
  gate.release();
  look();
  expect(log).toEqual([`${ESC}[1;1R`, 'held:abc']);
});

it.each([
  ['a letter goes on', 'x', 'x'],
  ['a paste goes on', `${ESC}[200~y${ESC}[201~`, `${ESC}[200~y${ESC}[201~`],
  ['Escape is kept', ESC, ''],
  ['Ctrl-C is kept', '\u0003', ''],
  ['Ctrl-C of kitty is kept', `${ESC}[99;5u`, ''],
])('tells the next key once: %s', (_, key, passed) => {
  const { gate, log, look, feed } = openGate();
  let told = 0;
  gate.onNextKey(() => {
    told += 1;
  });
  feed(`${ESC}[I`);
  feed(`${ESC}[13;1:3u`); // the Enter before, let go
  expect(told).toBe(0);
  log.length = 0;
  feed(key);
  look();
  expect([told, log.join('')]).toEqual([1, passed]);
  feed(key);
  expect(told).toBe(1);
  expect(log.join('')).toBe(passed + key);
});

it('gives what was typed ahead to no dialog, but to the composer after it', () => {
  const { gate, log, at, look, feed } = openGate();
  gate.hold();
  feed('y');
  at.now += 100;
  feed('\r');
  at.dialog = at.now;
  gate.release();
  look();
  expect([log, gate.isBlank()]).toEqual([[], false]);
  feed('2'); // an answer, from now on
  expect(log).toEqual(['2']);
  at.dialog = undefined;
  look();
  look();
  expect(log).toEqual(['2', 'held:y\r']);
});

it('takes what follows a pause for an answer to a successor’s dialog, and the rest of a sentence not', () => {
  const { gate, log, at, look, feed } = openGate();
  gate.hold();
  at.resuming = true;
  feed('fi');
  at.dialog = at.now;
  for (const key of ['x ', '2', '\r']) {
    at.now += 400;
    feed(key);
  }
  expect(log).toEqual([]);
  at.now += 600;
  for (const key of ['1', ESC]) feed(key);
  expect(log).toEqual(['1', ESC]);
  at.dialog = undefined;
  feed('more');
  gate.release();
  look();
  expect(log).toEqual(['1', ESC, 'held:fix 2\rmore']);
});

it('keeps no draft of what is typed into a dialog', () => {
  const { gate, at, feed } = openGate();
  at.dialog = at.now - 1000;
  feed(ESC);
  expect(gate.isBlank()).toBe(true);
  at.dialog = at.now; // a frame that is being drawn
  feed('x');
  expect(gate.isBlank()).toBe(false);
});

it('answers no dialog of a child that is about to end', () => {
  const { gate, log, at, feed } = openGate();
  gate.hold();
  at.dialog = at.now;
  at.now += 5000;
  feed('y');
  expect(log).toEqual([]);
});

it('loses and doubles nothing, wherever the hold and the chunks cut', () => {
  const pieces = [
    'a',
    'é',
    '\r',
    ESC,
    `${ESC}[A`,
    `${ESC}[1;2R`,
    `${ESC}[I`,
    `${ESC}[200~x\ry${ESC}[201~`,
  ];
  const inputs = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(
      inputs,
      fc.nat(40),
      fc.nat(40),
      fc.integer({ min: 1, max: 5 }),
      (words, at, until, size) => {
        const { gate, log, look, feed } = openGate();
        const text = Buffer.from(words.join('')).toString('latin1');
        for (let from = 0; from < text.length; from += size) {
          if (from >= at) gate.hold();
          if (from >= at + until) gate.release();
          feed(text.slice(from, from + size));
        }
        gate.release();
        look();
        const delivered = log.join('').replaceAll('held:', '').replaceAll(`${ESC}[27u`, ESC);
        const brackets = /\u001b\[20[01]~/g;
        expect([...delivered.replaceAll(brackets, '')].sort()).toEqual(
          [...text.replaceAll(brackets, '')].sort(),
        );
      },
    ),
  );
});
