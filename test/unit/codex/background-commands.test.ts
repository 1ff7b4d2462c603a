import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import {
  listBackgroundCommands,
  type ProcessEntry,
} from '../../../src/codex/background-commands.ts';

const CODEX = 10;
const process_ = (pid: number, parent: number, session: string, name: string): ProcessEntry => ({
  pid,
  parent,
  session,
  name,
});
const codex = process_(CODEX, 1, 's', 'codex');

it.each<[string, ProcessEntry[], string[]]>([
  ['none', [], []],
  ['a command', [process_(20, CODEX, '20', 'node')], ['node']],
  [
    'no MCP server and no helper: they are in Codex’s session',
    [process_(20, CODEX, 's', 'uvx')],
    [],
  ],
  [
    'what a shell runs, and a sandbox',
    [
      process_(20, CODEX, '20', 'codex-linux-san'),
      process_(21, 20, '20', 'bwrap'),
      process_(22, 21, '20', 'bash'),
      process_(23, 22, '20', 'vite'),
      process_(24, 23, '20', 'esbuild'),
    ],
    ['vite'],
  ],
  [
    'what Codex’s own sandbox runs, which has a number for a name',
    [
      process_(20, CODEX, '20', '3'),
      process_(21, 20, '20', '3'),
      process_(22, 21, '20', 'bash'),
      process_(23, 22, '20', 'sleep'),
    ],
    ['sleep'],
  ],
  ['a shell that only waits', [process_(20, CODEX, '20', 'bash')], ['bash']],
  ['nothing of a session beside it', [process_(20, 11, '20', 'node')], []],
  ['two', [process_(20, CODEX, '20', 'node'), process_(30, CODEX, '30', 'a b')], ['node', 'a b']],
])('names %s', (_, others, names) => {
  expect(listBackgroundCommands(CODEX, [codex, ...others])).toEqual(names);
});

it('names nothing where there is no such Codex', () => {
  expect(listBackgroundCommands(CODEX, [])).toEqual([]);
});

it.runIf(process.platform === 'linux')('names them of real processes', async () => {
  const script = 'sleep 600 & setsid sleep 601 & echo started; wait';
  const parent = spawn('/bin/sh', ['-c', script], { detached: true });
  const pid = parent.pid as number;
  onTestFinished(() => {
    for (const { pid: child } of children) process.kill(child, 'SIGKILL');
    process.kill(-pid, 'SIGKILL');
  });
  const children: { pid: number }[] = [];
  await once(parent.stdout, 'data');
  let names: string[] = [];
  // It is in a session of its own as soon as setsid has run.
  while (names[0] !== 'sleep') {
    names = listBackgroundCommands(pid);
    await new Promise((resume) => setTimeout(resume, 10));
  }
  expect(names).toEqual(['sleep']);
});
