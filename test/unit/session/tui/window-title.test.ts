import { describe, expect, it } from 'vitest';
import { ALERT, NOW_SECONDS, openSession, rotate } from './scripted-session.ts';

const titlesIn = (text: string) =>
  [...text.matchAll(/\u001b\]0;([^\u0007\u001b]*)(?:\u0007|\u001b\\)/g)].map(([, title]) => title);

describe('the window’s title', () => {
  it('is the child’s own with the account behind it, and is cleared by nobody but the child', async () => {
    const session = openSession({ title: 'account' });
    const child = await session.openWorking();
    child.print('\u001b]0;⠋ my th');
    child.print('read\u0007\u001b]0;my thread\u0007');
    child.print('\u001b]0;\u0007');
    child.end();
    await session.ended();
    const [ours, ...titles] = titlesIn(session.terminal.text());
    expect(ours).toBe('codex · acc1');
    expect(titles).toEqual(['⠋ my thread · acc1', 'my thread · acc1', '']);
  });

  it('is ours where the child sets none, or clears its own and lives on, and is cleared at the end', async () => {
    const session = openSession({ title: 'account' });
    const [child] = session.children;
    child?.draw();
    await session.advance(400);
    expect(titlesIn(session.terminal.text())).toEqual([]);
    await session.advance(200);
    expect(titlesIn(session.terminal.text())).toEqual(['codex · acc1']);
    child?.print('\u001b]0;one\u0007\u001b]0;\u0007');
    await session.advance(600);
    child?.end({ kind: 'signalled', signal: 'SIGKILL', number: 9 });
    await session.ended();
    const titles = ['codex · acc1', 'one · acc1', '', 'codex · acc1', ''];
    expect(titlesIn(session.terminal.text())).toEqual(titles);
  });

  it('names the next account from the start of the successor on', async () => {
    const session = openSession({ title: 'account' });
    const child = await session.openWorking();
    child.print('\u001b]0;my thread\u0007');
    const successor = await rotate(session);
    expect(titlesIn(session.terminal.text()).at(-1)).toBe('my thread · acc2');
    successor.print('\u001b]0;work\u0007');
    expect(titlesIn(session.terminal.text()).at(-1)).toBe('work · acc2');
  });

  it('is set again after fg, as the shell may have set its own', async () => {
    const session = openSession({ title: 'account' });
    const child = await session.openWorking();
    child.print('\u001b]0;my thread\u0007');
    child.stop();
    await session.until(() => session.trace.includes('terminal suspended'), 'the stop');
    const before = session.terminal.text().length;
    session.terminal.continueJob();
    await session.advance(100);
    expect(titlesIn(session.terminal.text().slice(before))).toEqual(['my thread · acc1']);
  });

  it('says that every account is at its limit until that is not so, also behind the child’s next titles', async () => {
    const earliest = { target: 'acc1', until: NOW_SECONDS + 3600 };
    const session = openSession({ title: 'account', accounts: ['acc1'], earliest });
    const child = await session.openWorking();
    child.print('\u001b]0;my thread\u0007');
    child.fail('turn-1');
    await session.until(() => session.eventsOf('exhausted').length > 0, 'the end of all accounts');
    await session.advance(100);
    const said = /^my thread · acc1 · every account is at its limit; first back: acc1 at /;
    expect(titlesIn(session.terminal.text()).at(-1)).toMatch(said);
    child.print('\u001b]0;⠋ my thread\u0007\u001b]0;my thread\u0007');
    expect(titlesIn(session.terminal.text()).at(-1)).toMatch(said);
    child.beginTurn('turn-2');
    await session.advance(1000);
    child.answer('turn-2');
    await session.advance(1000);
    expect(titlesIn(session.terminal.text()).at(-1)).toBe('my thread · acc1');
  });

  it.each([
    ['until a turn succeeds', true],
    ['and so does a line at the end, when no turn succeeds', false],
  ])('says that no account had anything left at the start, %s', async (_, succeeds) => {
    const atLimit = 'every account is at its limit; first back: acc1 at 15:40';
    const session = openSession({ title: 'account', atLimit });
    await session.advance(100);
    expect(titlesIn(session.terminal.text())).toEqual([`codex · acc1 · ${atLimit}`]);
    expect(session.terminal.text()).toContain(ALERT);
    const child = await session.openWorking();
    child.print('\u001b]0;my thread\u0007');
    expect(titlesIn(session.terminal.text()).at(-1)).toBe(`my thread · acc1 · ${atLimit}`);
    if (succeeds) child.answer('turn-1');
    await session.advance(1000);
    const note = succeeds ? '' : ` · ${atLimit}`;
    expect(titlesIn(session.terminal.text()).at(-1)).toBe(`my thread · acc1${note}`);
    child.end();
    await session.ended();
    const line = `codex-hotswap: at the start of this session: ${atLimit}`;
    expect(session.told).toEqual(succeeds ? [] : [line]);
  });

  it('is the child’s own alone where that is wanted', async () => {
    const session = openSession({ title: 'plain' });
    const child = await session.openWorking();
    const before = session.terminal.text().length;
    child.print('\u001b]0;my thread\u0007');
    await session.advance(1000);
    child.end({ kind: 'signalled', signal: 'SIGKILL', number: 9 });
    await session.ended();
    expect(titlesIn(session.terminal.text().slice(before))).toEqual(['my thread']);
  });
});
