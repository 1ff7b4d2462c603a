import { expect, it } from 'vitest';
import { createAlert } from '../../../src/session/alert.ts';

const ESC = '\u001b';
const LINE = 'codex-hotswap: acc1: its 5-hour limit is used up; going on under acc2';
const TEXT = 'acc1: its 5-hour limit is used up';
const OSC_9 = `${ESC}]9;codex: ${TEXT}; going on under acc2${ESC}\\`;
const OSC_777 = `${ESC}]777;notify;codex;${TEXT}, going on under acc2${ESC}\\`;

it.each([
  ['a terminal as such', { TERM: 'xterm-256color' }, OSC_9],
  ['foot', { TERM: 'foot' }, OSC_777],
  ['urxvt', { TERM: 'rxvt-unicode-256color' }, OSC_777],
  ['a terminal of GNOME', { TERM: 'xterm-256color', VTE_VERSION: '7600' }, OSC_777],
  ['Konsole', { TERM: 'xterm-256color', KONSOLE_VERSION: '230800' }, OSC_777],
  [
    'tmux, by its passthrough',
    { TERM: 'tmux-256color', TMUX: '/tmp/tmux,1,0', VTE_VERSION: '7600' },
    `${ESC}Ptmux;${OSC_9.replaceAll(ESC, ESC + ESC)}${ESC}\\`,
  ],
  ['the console of Linux', { TERM: 'linux' }, ''],
  ['GNU screen', { TERM: 'screen-256color' }, ''],
  ['no terminal', { TERM: 'dumb' }, ''],
  ['no TERM', {}, ''],
])('notifies in %s', (_, env, expected) => {
  expect(createAlert({ bell: false, notify: true }, env)(LINE)).toBe(expected);
});

it('rings, notifies, both or neither, as it is set', () => {
  const env = { TERM: 'xterm' };
  expect(createAlert({ bell: true, notify: false }, env)(LINE)).toBe('\u0007');
  expect(createAlert({ bell: true, notify: true }, env)(LINE)).toBe(`${OSC_9}\u0007`);
  expect(createAlert({ bell: false, notify: false }, env)(LINE)).toBe('');
});

it('lets nothing in the text end the sequence', () => {
  const alert = createAlert({ bell: false, notify: true }, { TERM: 'xterm' });
  const said = alert(`a${ESC}\\b\u0007c\u009cd\n${'x'.repeat(1000)}`);
  expect(said.slice(0, 30)).toBe(`${ESC}]9;codex: a\\x1b\\b\\x07c\\x9cd\\n`);
  expect(said.slice(1, -2)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  expect(said.length).toBeLessThan(300);
});
