import { describe, expect, it } from 'vitest';
import { createUnsentInput, type UnsentInput } from '../../../../src/session/tui/unsent-input.ts';

const ESC = '\u001b';
const paste = (text: string) => `${ESC}[200~${text}${ESC}[201~`;

/** Keys as the unsent input takes them, and back. */
const latin1 = (text: string) => Buffer.from(text).toString('latin1');
const utf8 = (keys: string) => Buffer.from(keys, 'latin1').toString();

/** What is typed again where no text follows. */
function takeFrom(unsent: UnsentInput, record: ReturnType<typeof recordOf> | undefined): string {
  const { keys, isShort } = unsent.takeUnsent(record);
  return isShort ? '' : keys;
}

/** Prompts in the thread, and when turns ran; the last one has no prompt. */
function recordOf(prompts: string[], turns: [from: number, to: number][] = []) {
  return {
    prompts,
    turns: turns.map(([from, to], at) => ({ from, to, hasPrompt: at < turns.length - 1 })),
  };
}

function leave(typed: [keys: string, isTurnRunning: boolean][], recorded: string[] = []): string {
  const unsent = createUnsentInput();
  for (const [keys, isTurnRunning] of typed) unsent.addKeys(latin1(keys), { at: 0, isTurnRunning });
  return utf8(takeFrom(unsent, recordOf(recorded)));
}

describe('what goes to the successor', () => {
  it.each([
    ['what was typed and not sent', [['half a prompt', false]], 'half a prompt'],
    ['not what was sent to an idle Codex', [['sent\r', false]], ''],
    ['what was sent while a turn ran', [['then this\r', true]], 'then this\r'],
    ['in order, the draft last', [['one more\tand two\rhalf', true]], 'one more\tand two\rhalf'],
    ['a paste is one prompt', [[`${paste('two\rlines')}\r`, true]], `${paste('two\rlines')}\r`],
    ['in kitty’s keys', [[`then${ESC}[9u`, true]], `then${ESC}[9u`],
    [
      'cut anywhere',
      [
        ['th', true],
        ['en\t', true],
      ],
      'then\t',
    ],
    ['not the answer to a dialog', [['y\r', true]], ''],
    ['no command', [['/status\r!ls -l\r', true]], ''],
    ['no mention, which a list completes', [['see @file\r', true]], ''],
    ['nothing of a command that Tab completes', [['/mod\tel', false]], ''],
    ['nothing after Escape, which empties the queue', [[`then\t${ESC}`, true]], ''],
    [
      'nothing after Ctrl-C',
      [
        ['then\t\u0003', true],
        ['more', true],
      ],
      'more',
    ],
    [
      'nothing from before an idle Codex',
      [
        ['then\t', true],
        ['next\r', false],
      ],
      '',
    ],
  ] as [string, [string, boolean][], string][])('%s', (_, typed, again) => {
    expect(leave(typed)).toBe(again);
  });

  it('not what its thread has already', () => {
    const typed: [string, boolean][] = [['fiX\u007fx it\twrïte it\t', true]];
    expect(leave(typed, ['<context>', 'fix it\n'])).toBe('wrïte it\t');
    expect(leave(typed, ['fix it', 'wrïte it'])).toBe('');
    expect(leave([[`${paste('a\tb\r\nc')}\t`, true]], ['a    b\nc'])).toBe('');
  });

  it('what was sent in a turn that only the record tells of, later', () => {
    const unsent = createUnsentInput();
    const sent: [string, number][] = [
      ['too early\t', 900],
      ['then\t', 1100],
      ['that\t', 1200],
    ];
    for (const [keys, at] of sent) unsent.addKeys(latin1(keys), { at, isTurnRunning: false });
    const record = recordOf(
      ['then'],
      [
        [1000, 1150],
        [1160, 1300],
      ],
    );
    expect(takeFrom(unsent, record)).toBe('that\t');
  });

  it('the prompt whose own turn came to nothing', () => {
    const turns: [number, number][] = [
      [110, 200],
      [3000, 3200],
    ];
    const again = (record: ReturnType<typeof recordOf>) => {
      const unsent = createUnsentInput();
      unsent.addKeys(latin1('before\r'), { at: 100, isTurnRunning: false });
      unsent.addKeys(latin1('after\r'), { at: 2900, isTurnRunning: false });
      unsent.addKeys(latin1('then\t'), { at: 3100, isTurnRunning: false });
      return takeFrom(unsent, record);
    };
    expect(again(recordOf(['before'], turns))).toBe('after\rthen\t');
    const whole = recordOf(['before', 'as Codex puts it'], turns);
    for (const turn of whole.turns) turn.hasPrompt = true;
    expect(again(whole)).toBe('then\t');
    expect(again(recordOf(['before'], [...turns, [30_000, 30_100]]))).toBe('then\t');
  });

  it('once, and nothing of a child that came to no thread', () => {
    const unsent = createUnsentInput();
    unsent.addKeys(latin1('sent\rhalf'), { at: 0, isTurnRunning: false });
    expect(takeFrom(unsent, undefined)).toBe('half');
    expect(unsent.isEmpty()).toBe(true);
    expect(takeFrom(unsent, undefined)).toBe('');
  });
});
