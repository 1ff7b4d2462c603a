import { describe, expect, it } from 'vitest';
import { promptAboutEnded, tellEnded } from '../../../../src/handoff/messages.ts';
import { MODES, THREAD } from './scripted-child.ts';
import { openSession, rotate } from './scripted-session.ts';

// A command that Codex has started in the background ends with it at a handoff: the user is told which, the model how many.

describe('what ran in the background at a handoff', () => {
  it('is named in the line, and the resumed thread is told', async () => {
    const session = openSession({ commands: ['vite', 'node'] });
    await session.openWorking();
    const successor = await rotate(session);
    expect(session.terminal.text()).toContain(
      'going on under acc2; this ended 2 background commands (vite, node)\r\n',
    );
    const prompt = `continue\n\n${promptAboutEnded(2)}`;
    expect(successor.plan.args).toEqual(['resume', THREAD, prompt]);
    expect(prompt).not.toMatch(/vite|node/);
  });

  it('is told to nobody who is to be told nothing', async () => {
    const session = openSession({ commands: ['vite'], prompt: '' });
    await session.openWorking();
    const successor = await rotate(session);
    expect(session.terminal.text()).toContain('this ended 1 background command (vite)');
    expect(successor.plan.args).toEqual(['resume', THREAD, '']);
  });

  it('is part of the prompt that is typed once more', async () => {
    const session = openSession({ commands: ['vite'] });
    await session.openWorking();
    const successor = await rotate(session);
    successor.draw();
    successor.openThread();
    await session.advance(8000);
    expect(successor.typed()).toContain(promptAboutEnded(1));
  });

  it('is nothing, as a rule', async () => {
    const session = openSession();
    await session.openWorking();
    const successor = await rotate(session);
    expect(session.terminal.text()).toMatch(/going on under acc2\r\n/);
    expect(successor.plan.args).toEqual(['resume', THREAD, 'continue']);
  });
});

it('names three at most, and nothing that a terminal takes for more than letters', () => {
  expect(tellEnded([])).toBe('');
  expect(tellEnded(['a', 'b', 'c', 'd', 'e'])).toBe(
    '; this ended 5 background commands (a, b, c, and 2 more)',
  );
  expect(tellEnded(['\u001b]0;x\u0007\r\n', 'y'.repeat(100)])).toBe(
    `; this ended 2 background commands (?]0;x???, ${'y'.repeat(32)})`,
  );
});

describe('between two children', () => {
  it('bracketed paste stays on, other modes do not, and the end undoes both', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.print('\u001b[>7u\u001b[?1004h');
    await session.until(() => true, 'it');
    const successor = await rotate(session);
    const between = session.terminal.text();
    expect(between).not.toContain(MODES.undone);
    expect(between).toContain('\u001b[<1u\u001b[?1004l');
    successor.end({ kind: 'exited', code: 1 });
    await session.ended();
    expect(session.terminal.text().slice(between.length)).toContain(MODES.undone);
    expect(session.terminal.text().split('\u001b[<1u')).toHaveLength(2);
  });

  it('it is switched on again where the child has switched it off at its end', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.isDeaf = true;
    child.fail('turn-1');
    await session.until(() => child.received.includes('SIGTERM'), 'the end');
    child.print(MODES.undone);
    child.end({ kind: 'exited', code: 0 });
    await session.child(2);
    expect(session.terminal.text()).toMatch(/\?2004l[\s\S]*\?2004h/);
  });

  it('it stays off where no child has asked for it', async () => {
    const session = openSession();
    const [child] = session.children;
    child?.print('\u001b[?25h\u001b[?2026l');
    child?.openThread();
    child?.beginTurn('turn-1');
    await session.until(() => session.threads.length > 0, 'the thread');
    await rotate(session);
    expect(session.terminal.text()).not.toContain('2004');
  });

  it('four lines pasted there arrive as one paste, unsent', async () => {
    const session = openSession();
    const child = await session.openWorking();
    child.fail('turn-1');
    await session.until(() => !child.isLiving, 'its end');
    session.terminal.type('please summarise\rline one\rrm -rf build\rend\r');
    const successor = await session.child(2);
    successor.draw();
    successor.openThread();
    successor.beginTurn('turn-2');
    await session.advance(2000);
    expect(successor.typed()).toBe(
      '\u001b[200~please summarise\rline one\rrm -rf build\rend\r\u001b[201~',
    );
  });
});
