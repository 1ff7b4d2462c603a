import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createEventFilter,
  type EventFilter,
  MOST_HELD_BYTES,
} from '../../../../src/session/exec/event-filter.ts';

// What a client of `codex exec --json` gets, for every place at which the output of Codex can be cut into chunks.

const ID = '01a21d41-9122-7591-84f4-c11454a7890d';
const ID_OF_COPY = '01a21d41-0000-7591-84f4-c11454a7890d';
const THREAD = `{"type":"thread.started","thread_id":"${ID}"}`;
const COPY = `{"type":"thread.started","thread_id":"${ID_OF_COPY}"}`;
const TURN = '{"type":"turn.started"}';
const ERROR = '{"type":"error","message":"You’ve hit your usage limit. Upgrade to Pro."}';
const FAILED =
  '{"type":"turn.failed","error":{"message":"You’ve hit your usage limit. Upgrade to Pro, or try again at 4:41 PM."}}';
const RETRY = '{"type":"error","message":"Reconnecting... 2/5 (stream disconnected)"}';
const DONE = '{"type":"turn.completed","usage":{"input_tokens":620}}';
const item = (number: number, what = 'completed', type = 'agent_message') =>
  `{"type":"item.${what}","item":{"id":"item_${number}","type":"${type}","text":"Let me look at the files of this project."}}`;

const ENDED_REVIEW =
  '{"type":"item.completed","item":{"id":"item_0","type":"agent_message","text":"Review was interrupted. Please re-run /review and wait for it to complete."}}';

type Part = string | Buffer | typeof SUCCESSOR | typeof RELEASE;
/** The child has ended, and the next one begins. */
const SUCCESSOR = { comes: 'successor' } as const;
/** The work does not go on. */
const RELEASE = { comes: 'release' } as const;

const lines = (...texts: string[]) => texts.map((text) => `${text}\n`).join('');
/** A failure of the first child, with two items before it. */
const FIRST = lines(THREAD, TURN, item(0), item(1, 'started'), ERROR, FAILED);

const CASES: [what: string, parts: readonly Part[], client: string][] = [
  [
    'a run that goes well',
    [lines(THREAD, TURN, item(0), DONE)],
    lines(THREAD, TURN, item(0), DONE),
  ],
  ['the lines of a failure are held', [FIRST], lines(THREAD, TURN, item(0), item(1, 'started'))],
  ['… and come out unchanged and in order', [FIRST, RELEASE], FIRST],
  ['… once', [FIRST, RELEASE, RELEASE], FIRST],
  [
    'the work goes on: one thread, one turn, one count of items, no failure',
    [FIRST, SUCCESSOR, lines(THREAD, TURN, item(0, 'started'), item(0), item(1), DONE)],
    lines(THREAD, TURN, item(0), item(1, 'started'), item(2, 'started'), item(2), item(3), DONE),
  ],
  [
    'a review tells between the error and its end that it was interrupted: that is of the failure, too',
    [
      lines(THREAD, TURN, ERROR, ENDED_REVIEW, FAILED),
      SUCCESSOR,
      lines(THREAD, TURN, item(0), DONE),
    ],
    lines(THREAD, TURN, item(0), DONE),
  ],
  [
    '… and comes out in order',
    [lines(THREAD, TURN, ERROR, ENDED_REVIEW, FAILED), RELEASE],
    lines(THREAD, TURN, ERROR, ENDED_REVIEW, FAILED),
  ],
  [
    'in a copy of the thread: the client goes on with the id that it knows',
    [FIRST, SUCCESSOR, lines(COPY, TURN, DONE)],
    lines(THREAD, TURN, item(0), item(1, 'started'), DONE),
  ],
  [
    'three children',
    [
      ...[FIRST, SUCCESSOR, lines(THREAD, TURN, item(0), ERROR, FAILED)],
      ...[SUCCESSOR, lines(THREAD, TURN, item(0, 'updated', 'todo_list'), DONE)],
    ],
    lines(
      ...[THREAD, TURN, item(0), item(1, 'started'), item(2)],
      ...[item(3, 'updated', 'todo_list'), DONE],
    ),
  ],
  [
    'the last of three fails, too: its failure comes out, and no other',
    [FIRST, SUCCESSOR, lines(THREAD, TURN, ERROR, FAILED.replace('limit', 'end')), RELEASE],
    lines(...[THREAD, TURN, item(0), item(1, 'started'), ERROR, FAILED.replace('limit', 'end')]),
  ],
  [
    'a successor that ends before its turn has begun: the failure before it comes out',
    [FIRST, SUCCESSOR, lines(THREAD), SUCCESSOR, '', RELEASE],
    FIRST,
  ],
  [
    'a first child that has told nothing: its successor tells',
    [lines(ERROR), SUCCESSOR, lines(COPY, TURN, item(0), DONE)],
    lines(COPY, TURN, item(0), DONE),
  ],
  [
    'a dropped stream, after which Codex tries again, is told at once',
    [lines(THREAD, TURN, RETRY)],
    lines(THREAD, TURN, RETRY),
  ],
  [
    'an error that did not end the turn comes out before what follows',
    [lines(THREAD, TURN, ERROR, item(0), DONE)],
    lines(THREAD, TURN, ERROR, item(0), DONE),
  ],
  [
    'what follows a failed turn comes out after it',
    [lines(FAILED, item(0)), RELEASE],
    lines(FAILED, item(0)),
  ],
  [
    'the numbers of held items go on counting, too',
    [lines(item(4)), SUCCESSOR, lines(FAILED, item(0)), RELEASE],
    lines(item(4), FAILED, item(5)),
  ],
  ['no newline at the end', [`${lines(THREAD)}${DONE}`, SUCCESSOR], `${lines(THREAD)}${DONE}`],
  ['a short rest', [`${lines(THREAD)}{"type":"e`, SUCCESSOR], `${lines(THREAD)}{"type":"e`],
  [
    'a failure without a newline',
    [`${lines(TURN)}${FAILED}`, SUCCESSOR, '', RELEASE],
    lines(TURN, FAILED),
  ],
  [
    'a child that is killed inside a line: the next one begins a line',
    [`${lines(THREAD)}{"type":"item.com`, SUCCESSOR, lines(THREAD, item(0))],
    `${lines(THREAD)}{"type":"item.com\n${lines(item(0))}`,
  ],
  [
    'words of a limit inside of an item are the item’s',
    [
      lines(
        item(0).replace(
          'Let me look at the files of this project.',
          JSON.stringify(FAILED).slice(1, -1),
        ),
      ),
    ],
    lines(
      item(0).replace(
        'Let me look at the files of this project.',
        JSON.stringify(FAILED).slice(1, -1),
      ),
    ),
  ],
  [
    'an id inside of an item stays',
    [
      lines(item(0)),
      SUCCESSOR,
      lines(
        item(0).replace('"Let me look at the files of this project."', '{"item":{"id":"item_0"}}'),
      ),
    ],
    lines(
      item(0),
      item(1).replace('"Let me look at the files of this project."', '{"item":{"id":"item_0"}}'),
    ),
  ],
  [
    'ids of another kind stay',
    [lines(item(0)), SUCCESSOR, '{"type":"item.started","item":{"id":"x_0"}}\n'],
    lines(item(0), '{"type":"item.started","item":{"id":"x_0"}}'),
  ],
  [
    'no JSON, empty lines, carriage returns',
    ['\n\nWARNING: x\r\n{\n{"type"\n'],
    '\n\nWARNING: x\r\n{\n{"type"\n',
  ],
  [
    'an unknown event',
    ['{"type":"errors"}\n{"type":"turn.failedly"}\n'],
    '{"type":"errors"}\n{"type":"turn.failedly"}\n',
  ],
];

describe('what a client of exec --json gets', () => {
  it.each(CASES)('%s', (_, parts, client) => {
    expect(play(parts)).toBe(client);
    const length = Math.max(...parts.map((part) => (typeof part === 'string' ? part.length : 0)));
    for (let size = 1; size <= length; size += 1) expect(play(parts, size)).toBe(client);
  });

  it('is what Codex writes when it has no successor, whatever that is and wherever it is cut', () => {
    const line = fc.oneof(
      fc.constantFrom(THREAD, TURN, ERROR, FAILED, RETRY, DONE, item(0), item(12, 'started')),
      fc.string(),
    );
    const bytes = fc.oneof(
      fc.array(line).map((texts) => Buffer.from(texts.join('\n'))),
      fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
    );
    fc.assert(
      fc.property(fc.array(bytes), (chunks) => {
        const filter = createEventFilter();
        const out = [...chunks.flatMap((chunk) => filter.feed(chunk)), ...filter.end()];
        expect(Buffer.concat([...out, ...filter.release()])).toEqual(Buffer.concat(chunks));
      }),
      { numRuns: 500 },
    );
  });

  it('is the same for every way to cut the output of two children', () => {
    const line = fc.constantFrom(THREAD, TURN, ERROR, FAILED, RETRY, DONE, item(0), item(1), 'x');
    const child = fc.array(line, { maxLength: 8 }).map((texts) => lines(...texts));
    fc.assert(
      fc.property(child, child, fc.integer({ min: 1, max: 200 }), (first, second, size) => {
        const parts = [first, SUCCESSOR, second, RELEASE] as Part[];
        expect(play(parts, size)).toBe(play(parts));
      }),
      { numRuns: 1000 },
    );
  });

  it('comes at once, also a line of which only the beginning is there', () => {
    const filter = createEventFilter();
    const beginning = item(0).slice(0, 98);
    expect(String(Buffer.concat(filter.feed(Buffer.from(beginning))))).toBe(beginning);
    expect(String(Buffer.concat(filter.feed(Buffer.from('more'))))).toBe('more');
  });
});

it.each([
  ['a copy has the id that the client knows', [[ID_OF_COPY, ID]], COPY, THREAD],
  ['another thread has its own', [[ID, ID_OF_COPY]], COPY, COPY],
  ['no copy', [], COPY, COPY],
] as [string, [string, string][], string, string][])(
  '%s, wherever the line is cut',
  (_, names, line, client) => {
    for (let cut = 0; cut <= line.length; cut += 1) {
      const filter = createEventFilter(new Map(names));
      const parts = [line.slice(0, cut), `${line.slice(cut)}\n`, lines(item(0))];
      const out = parts.flatMap((part) => filter.feed(Buffer.from(part)));
      expect(String(Buffer.concat(out))).toBe(lines(client, item(0)));
    }
  },
);

describe('the filter of exec --json', () => {
  it.each([
    ['a failed turn', lines(ERROR, FAILED), true, true],
    ['a failed turn without its end', FAILED, true, true],
    ['an error', lines(ERROR), false, true],
    ['an error and an item', lines(ERROR, item(0)), false, false],
    ['a dropped stream', lines(RETRY), false, false],
  ])('knows %s', (_, text, failed, error) => {
    const filter = createEventFilter();
    filter.feed(Buffer.from(text));
    expect([filter.hasFailed(), filter.holdsError()]).toEqual([failed, error]);
    filter.release();
    expect([filter.hasFailed(), filter.holdsError()]).toEqual([false, false]);
  });

  it('holds no more than it should: a failure of 40 MB passes', () => {
    const filter = createEventFilter();
    let passed = 0;
    const feed = (text: string) => {
      for (const piece of filter.feed(Buffer.from(text))) passed += piece.length;
    };
    feed(FAILED.slice(0, -3));
    const piece = 'x'.repeat(1024 * 1024);
    for (let count = 1; count <= 40; count += 1) {
      feed(piece);
      const length = FAILED.length + count * piece.length;
      expect(length - passed).toBeLessThanOrEqual(MOST_HELD_BYTES + piece.length + FAILED.length);
    }
    feed(`"}}\n${lines(item(0))}`);
    expect(passed).toBe(Buffer.byteLength(FAILED) + 40 * piece.length + lines(item(0)).length + 1);
  });

  it('keeps nothing of a line of 100 MB that passes', () => {
    const filter = createEventFilter();
    const piece = Buffer.alloc(1024 * 1024, 'x');
    filter.feed(Buffer.from(item(0).slice(0, -4)));
    for (let count = 0; count < 100; count += 1) {
      const [only, ...more] = filter.feed(piece);
      // The piece itself, and no copy.
      expect(only?.buffer === piece.buffer && only.length === piece.length).toBe(true);
      expect(more).toEqual([]);
    }
  });
});

/** Plays the children of a session. @param size the bytes of a chunk; default: a part is one chunk. */
function play(parts: readonly Part[], size = Number.POSITIVE_INFINITY): string {
  const filter = createEventFilter();
  const out = parts.flatMap((part) => playPart(filter, part, size));
  return Buffer.concat([...out, ...filter.end()]).toString();
}

function playPart(filter: EventFilter, part: Part, size: number): Buffer[] {
  if (part === RELEASE) return [...filter.end(), ...filter.release()];
  if (part === SUCCESSOR) {
    const rest = filter.end();
    filter.beginSuccessor();
    return rest;
  }
  const bytes = Buffer.from(part as string);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    out.push(...filter.feed(Buffer.from(bytes.subarray(at, at + size))));
  }
  return out;
}
