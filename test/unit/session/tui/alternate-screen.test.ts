import { describe, expect, it, vi } from 'vitest';
import { createEmulator } from '../../../lab/emulator.ts';
import type { ScriptedChild } from './scripted-child.ts';
import { ALERT, openSession, rotate, type ScriptedSession } from './scripted-session.ts';

// A child on the alternate screen, as Codex from 0.160 on, and its successor.

const ENTERS =
  '\u001b[?2004h\u001b[>7u\u001b[?1004h\u001b[?u\u001b[c\u001b[?2026h\u001b[?25l\u001b[?1049h\u001b[>7u\u001b[?1003h\u001b[H\u001b[J';
const FRAME = 'the thread\u001b[?25h\u001b[?2026l';
const LINE = 'codex-hotswap: acc1: its 5-hour limit is used up; going on under acc2';

async function openOnAlternate(): Promise<{ session: ScriptedSession; successor: ScriptedChild }> {
  const session = openSession();
  session.children[0]?.print(`$ codex\r\n${ENTERS}${FRAME}`);
  await session.openWorking();
  return { session, successor: await rotate(session) };
}

/** What a terminal shows that draws after each write. */
async function watch(session: ScriptedSession) {
  const emulator = createEmulator({ columns: 80, rows: 10, kitty: true });
  const shown: boolean[] = [];
  for (const chunk of session.terminal.writes()) {
    const drawn = emulator.feed(Buffer.from(chunk));
    // The emulator draws in a timer, and the clock stands still.
    vi.advanceTimersByTime(0);
    await drawn;
    shown.push(emulator.modes().alternateScreen);
  }
  const firstOf = shown.indexOf(true);
  const { alternateScreen, ...modes } = emulator.modes();
  return {
    leaves: shown.slice(firstOf).filter((isOn) => !isOn).length,
    isOn: alternateScreen,
    modes: { ...modes, kitty: emulator.keyModes().kittyFlags },
    primary: emulator.scrollback().filter((row) => row !== ''),
  };
}

const COOKED = { bracketedPaste: false, focusReports: false, mouse: 'none', kitty: 0 };

describe('between two children on the alternate screen', () => {
  it('no frame of the screen below is shown, and the line is there after the end', async () => {
    const { session, successor } = await openOnAlternate();
    expect((await watch(session)).leaves).toBe(0);
    for (const byte of ENTERS) successor.print(byte);
    successor.print(FRAME);
    expect(await watch(session)).toMatchObject({ leaves: 0, isOn: true, modes: { kitty: 7 } });
    successor.print('\u001b[<1u\u001b[?1049l\u001b[<1u\u001b[?1004l\u001b[?1003l\u001b[?2004l');
    successor.end();
    await session.ended();
    const { primary, isOn, modes } = await watch(session);
    expect(primary).toEqual(['$ codex', LINE]);
    expect({ isOn, ...modes }).toEqual({ isOn: false, ...COOKED });
  });

  it('questions of the successor, the bell and the mouse’s modes do not wait', async () => {
    const { session, successor } = await openOnAlternate();
    expect(session.terminal.text()).toContain('\u001b[?1003l');
    expect(session.terminal.text()).toContain(ALERT);
    expect(session.terminal.text()).not.toContain(LINE);
    const before = session.terminal.text().length;
    successor.print(ENTERS.slice(0, ENTERS.indexOf('\u001b[?2026h')));
    expect(session.terminal.text().slice(before)).toBe('\u001b[?u\u001b[c');
  });

  it.each([
    ['draws where it is', (successor: ScriptedChild) => successor.print('\u001b[?2004hhello')],
    [
      'draws nothing for long',
      (_: ScriptedChild, session: ScriptedSession) => session.advance(5100),
    ],
    ['is stopped by Ctrl-Z', (successor: ScriptedChild) => successor.stop()],
  ])('a successor that %s has the screen below, with the line', async (_, act) => {
    const { session, successor } = await openOnAlternate();
    await act(successor, session);
    await session.advance(100);
    const { isOn, primary } = await watch(session);
    expect(isOn).toBe(false);
    expect(primary.join('\n')).toContain(LINE);
  });

  it.each([
    ['a signal', (session: ScriptedSession) => session.signal('SIGTERM', 15)],
    ['a closed window', (session: ScriptedSession) => session.terminal.hangUp()],
  ])('%s leaves a sane terminal, with the line', async (_, act) => {
    const { session, successor } = await openOnAlternate();
    act(session);
    await session.advance(3000);
    if (successor.isLiving) successor.end({ kind: 'signalled', signal: 'SIGTERM', number: 15 });
    await session.ended();
    const { isOn, modes, primary } = await watch(session);
    expect({ isOn, ...modes }).toEqual({ isOn: false, ...COOKED });
    expect(primary).toEqual(['$ codex', LINE]);
  });

  it('a successor that cannot be started leaves a sane terminal, with the line', async () => {
    const session = openSession({
      spawn(plan, spawn) {
        if (plan.args[0] === 'resume') throw new Error('no such file');
        return spawn();
      },
    });
    session.children[0]?.print(ENTERS + FRAME);
    const child = await session.openWorking();
    child.fail('turn-1');
    await session.ended();
    const { isOn, modes, primary } = await watch(session);
    expect({ isOn, ...modes }).toEqual({ isOn: false, ...COOKED });
    expect(primary).toEqual([LINE]);
  });

  it('a successor that ends before its first frame leaves a sane terminal, with the line', async () => {
    const { session, successor } = await openOnAlternate();
    successor.print(ENTERS.slice(0, 20));
    successor.end({ kind: 'signalled', signal: 'SIGKILL', number: 9 });
    await session.ended();
    const { isOn, modes, primary } = await watch(session);
    expect({ isOn, ...modes }).toEqual({ isOn: false, ...COOKED });
    expect(primary).toEqual(['$ codex', LINE]);
  });

  it('a child that has only an overlay there is left, as its successor begins below', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.print('\u001b[?1049hoverlay\u001b[?2026l');
    await rotate(session);
    expect((await watch(session)).isOn).toBe(false);
    expect(session.terminal.text()).toContain(LINE);
  });
});
