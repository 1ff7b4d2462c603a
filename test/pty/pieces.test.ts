import { closeSync, constants, openSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDrain } from '../../src/pty/drain.ts';
import { readShellStatus, readWaitStatus } from '../../src/pty/exit-status.ts';
import { loadNodePty } from '../../src/pty/load-node-pty.ts';
import { createReportReader, type Report } from '../../src/pty/report.ts';
import { createPtyWriter } from '../../src/pty/writer.ts';
import { until } from './direct.ts';

describe('exit status', () => {
  const nothing = { narrated: false, interrupted: false, stopped: false };
  it.each([
    [0, nothing, 'exited 0'],
    [143, nothing, 'exited 143'],
    [143, { ...nothing, narrated: true }, 'SIGTERM'],
    [130, nothing, 'exited 130'],
    [130, { ...nothing, interrupted: true }, 'SIGINT'],
    [141, nothing, 'SIGPIPE'],
    [137, nothing, 'exited 137'],
    [137, { ...nothing, stopped: true }, 'SIGKILL'],
    [1, { ...nothing, stopped: true, narrated: true }, 'SIGKILL'],
    [1, { ...nothing, stopped: true }, 'exited 1'],
    [255, { ...nothing, narrated: true }, 'exited 255'],
  ])('$? %i, %o: %s', (code, evidence, expected) => {
    const status = readShellStatus(code, evidence);
    expect(status.kind === 'exited' ? `exited ${status.code}` : status.signal).toBe(expected);
  });

  it('of a process that was waited for', () => {
    expect(readWaitStatus(3, 0)).toEqual({ kind: 'exited', code: 3 });
    expect(readWaitStatus(0, 9)).toEqual({ kind: 'signalled', signal: 'SIGKILL', number: 9 });
  });
});

describe('report', () => {
  const nonce = '0123456789abcdef';
  const text = [
    'fedcba9876543210 exited 1',
    `${nonce} pid 42`,
    '[2] + Stopped (signal)   (start_command …)',
    `${nonce} stopped 147`,
    `${nonce} continued`,
    'Terminated',
    `${nonce} exited 143 1`,
    '',
  ].join('\n');
  const reports: Report[] = [
    { kind: 'pid', pid: 42 },
    { kind: 'stopped' },
    { kind: 'continued' },
    { kind: 'narrated' },
    { kind: 'exited', code: 143, interrupted: true },
  ];

  it('is read in any chunking; another run and job notices are no news', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const seen: Report[] = [];
        const read = createReportReader(nonce, (report) => seen.push(report));
        const points = [0, ...cuts.sort((a, b) => a - b), text.length];
        for (let i = 1; i < points.length; i += 1) {
          read(Buffer.from(text.slice(points[i - 1], points[i])));
        }
        expect(seen).toEqual(reports);
      }),
    );
  });
});

describe('writer', () => {
  it('loses nothing of a megabyte to a reader that comes late, and says when to wait', async () => {
    const { pty, slave } = openPty();
    await pty.says('ready');
    const writer = createPtyWriter(pty.fd);
    let drained = 0;
    writer.onDrain(() => {
      drained += 1;
    });
    // On a second core the reader may keep pace with us: it is stopped until everything is written.
    pty.signal('SIGSTOP');
    const taken: boolean[] = [];
    for (let i = 0; i < 64; i += 1) taken.push(writer.write(Buffer.alloc(16 * 1024, i)));
    expect(taken[0]).toBe(true);
    expect(taken.at(-1)).toBe(false);
    pty.signal('SIGCONT');
    await pty.says('1048576');
    expect(drained).toBe(1);
    writer.close();
    expect(writer.write(Buffer.from('late'))).toBe(true);
    closeSync(slave);
    pty.end();
  });
});

describe('drain', () => {
  it('ends with the last byte, whatever was on its way', async () => {
    const { pty, slave } = openPty();
    await pty.says('ready');
    const seen: Buffer[] = [];
    let ended = 0;
    const drain = createDrain(pty.path, {
      deliver: (chunk: Buffer) => void seen.push(Buffer.from(chunk)),
      onEnd: () => {
        ended += 1;
      },
    });
    pty.feed((chunk) => drain.feed(chunk));
    const data = Buffer.alloc(3000, 'ab\u0000\u007f');
    writeSync(slave, data);
    drain.start();
    await until(() => ended > 0, 'the end');
    drain.end();
    expect(ended).toBe(1);
    expect(Buffer.concat(seen).equals(data)).toBe(true);
    closeSync(slave);
    pty.end();
  });
});

/** A raw pty with a program that only counts what it reads. */
function openPty() {
  const script = 'stty raw -echo; printf ready; head -c 1048576 | wc -c; exec sleep 100';
  const pty = loadNodePty()('/bin/sh', ['-c', script], {
    cwd: '/',
    env: { ...process.env } as Record<string, string>,
    cols: 80,
    rows: 24,
  });
  let text = '';
  let sink: ((chunk: Buffer) => void) | undefined;
  pty.onData((chunk) => {
    text += chunk.toString('latin1');
    sink?.(chunk);
  }, Buffer.alloc(4096));
  const slave = openSync(pty.ptsName, constants.O_RDWR | constants.O_NOCTTY);
  return {
    slave,
    pty: {
      fd: pty.fd,
      path: pty.ptsName,
      feed(listener: (chunk: Buffer) => void) {
        sink = listener;
      },
      says: (word: string) => until(() => text.includes(word), word, 20_000),
      signal: (name: NodeJS.Signals) => process.kill(-pty.pid, name),
      end: () => process.kill(-pty.pid, 'SIGKILL'),
    },
  };
}
