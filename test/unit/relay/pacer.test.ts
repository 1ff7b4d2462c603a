import { beforeEach, describe, expect, it } from 'vitest';
import { createPacer, type Pacer } from '../../../src/relay/pacer.ts';

let written: string[];
let timers: (() => void)[];
let pacer: Pacer;

beforeEach(() => {
  written = [];
  timers = [];
  pacer = createPacer(
    (line) => void written.push(String(line)),
    (_, act) => void timers.push(act),
    () => undefined,
  );
});

const send = (from: number, to: number) => {
  for (let at = from; at < to; at++) pacer.send(Buffer.from(`${at}`));
};
const numbers = (to: number) => Array.from({ length: to }, (_, at) => `${at}`);

describe('lines to a server', () => {
  it('pass at once, however many, when they have not waited', () => {
    send(0, 500);
    expect(written).toEqual(numbers(500));
    expect(timers).toEqual([]);
  });

  it('that have waited go on in order, one for each answer', () => {
    pacer.burst(() => send(0, 100));
    expect(written).toEqual(numbers(32));
    // A new line does not overtake.
    send(100, 101);
    for (let answers = 0; answers < 69; answers++) pacer.answered();
    expect(written).toEqual(numbers(101));
    send(101, 300);
    expect(written).toEqual(numbers(300));
  });

  it('that have no answer do not wait for one', () => {
    pacer.burst(() => {
      for (let at = 0; at < 500; at++) pacer.send(Buffer.from(`${at}`), false);
    });
    expect(written).toEqual(numbers(500));
    expect(pacer.bytes()).toBe(0);
  });

  it('go on without an answer, too, after a pause', () => {
    pacer.burst(() => send(0, 100));
    for (let pauses = 0; pauses < 3; pauses++) timers.shift()?.();
    expect(written).toEqual(numbers(100));
    expect(timers).toEqual([]);
  });

  it('are dropped with their server', () => {
    pacer.burst(() => send(0, 100));
    pacer.clear();
    pacer.answered();
    timers.shift()?.();
    send(200, 201);
    expect(written).toEqual([...numbers(32), '200']);
    expect(timers).toEqual([]);
  });
});
