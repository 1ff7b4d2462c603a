import { afterEach, expect, it } from 'vitest';
import {
  type OuterTerminal,
  type OuterTerminalOptions,
  openOuterTerminal,
} from './outer-terminal.ts';

const opened: OuterTerminal[] = [];
afterEach(async () => {
  for (const terminal of opened.splice(0)) await terminal.dispose();
});

function open(script: string, options: Partial<OuterTerminalOptions> = {}): OuterTerminal {
  const env = { PATH: '/usr/bin:/bin', TERM: 'xterm-256color', LANG: 'C.UTF-8' };
  const defaults = { file: '/bin/sh', args: ['-c', script], env, cwd: '/' };
  const terminal = openOuterTerminal({ ...defaults, ...options });
  opened.push(terminal);
  return terminal;
}

it('loses nothing of a program that writes 20 KB and exits at once (pty fact 1)', async () => {
  const script = 'printf "%020000d" 7; printf END';
  const terminals = Array.from({ length: 20 }, () => open(script));
  for (const terminal of terminals) {
    await terminal.waitForExit();
    expect(terminal.raw().toString()).toBe(`${'7'.padStart(20_000, '0')}END`);
  }
});

it('tells exit status and signal', async () => {
  expect(await open('exit 7').waitForExit()).toEqual({ status: 7, signal: 0 });
  const killed = open('sleep 60');
  killed.signal('SIGTERM');
  expect(await killed.waitForExit()).toMatchObject({ signal: 15 });
});

it('types, pastes in brackets when asked to, and sends keys', async () => {
  const terminal = open(
    String.raw`stty raw -echo; printf '\033[?2004hready'; dd bs=1 count=21 2>/dev/null | od -An -c`,
  );
  await terminal.waitForText('ready');
  terminal.type('a');
  terminal.press('enter', 'ctrl-c', 'up', 'escape');
  terminal.paste('b');
  terminal.send(Buffer.from([0xff, 0x00]));
  await terminal.waitForExit();
  const shown = terminal.screen().join(' ').replace(/\s+/g, ' ');
  expect(shown).toContain(String.raw`a \r 003 033 [ A 033 033 [ 2 0 0 ~ b 033 [ 2`);
});

it('answers what Codex asks a terminal at its start', async () => {
  const script = String.raw`stty raw -echo; printf '\033[6n\033[c\033]11;?\033\\\033[18t\033[?u'; dd bs=1 count=COUNT 2>/dev/null | od -An -c`;
  const reply = '\x1b[1;1R\x1b[?1;2c\x1b]11;rgb:1111/1111/1111\x1b\\\x1b[8;24;80t';
  const plain = open(script.replace('COUNT', String(reply.length)));
  await plain.waitForExit();
  expect(plain.screen().join('')).toMatch(/R.*c.*r\s+g\s+b.*8\s+;\s+2\s+4\s+;\s+8\s+0\s+t/s);
  const kitty = open(script.replace('COUNT', String(reply.length + 5)), { kitty: true });
  await kitty.waitForExit();
  expect(kitty.screen().join('')).toMatch(/t\s+033\s+\[\s+\?\s+0\s+u/);
});

it('sends Ctrl-Z as CSI 122;5u once the kitty protocol is on', async () => {
  const script = String.raw`stty raw -echo; printf '\033[>1uready'; dd bs=1 count=8 2>/dev/null | od -An -c; printf '\033[<u'; printf done`;
  const terminal = open(script, { kitty: true });
  await terminal.waitForText('ready');
  terminal.press('ctrl-z');
  await terminal.waitForText('done');
  expect(terminal.screen().join(' ').replace(/\s+/g, ' ')).toContain('033 [ 1 2 2 ; 5 u');
  expect(terminal.modes().kittyFlags).toBe(0);
});

it('shows size changes, terminal settings, cells and modes', async () => {
  const terminal = open(
    String.raw`trap 'stty size' WINCH; printf '\033[1;31mred\033[0m\033[?1049h\033[?1004halt'; stty -echo; echo; while :; do sleep 0.05; done`,
    { columns: 90, rows: 20 },
  );
  await terminal.waitForText('alt');
  expect(terminal.modes()).toMatchObject({ alternateScreen: true, focusReports: true });
  expect(terminal.scrollback()[0]).toBe('red');
  terminal.resize(100, 30);
  await terminal.waitForText('30 100');
  expect(terminal.stty()).toMatch(/ -echo\b/);
  const red = open(String.raw`printf '\033[1;31mred\033[0m'`);
  await red.waitForExit();
  expect(red.cells()[0]?.[0]).toEqual({
    text: 'r',
    foreground: '1',
    background: 'default',
    attributes: 'bold',
  });
  expect(red.stty()).toMatch(/ echo\b/);
});

it('gives the program SIGHUP when the window is closed', async () => {
  const terminal = open('sleep 60');
  terminal.hangUp();
  expect(await terminal.waitForExit()).toMatchObject({ signal: 1 });
});

it('says what is on screen when it waits in vain', async () => {
  const terminal = open('echo something else; sleep 60');
  await terminal.waitForText('else');
  await expect(terminal.waitForText('this', { timeoutMs: 50 })).rejects.toThrow(
    /50 ms passed while waiting for this\n.*running.*\nsomething else/,
  );
});
