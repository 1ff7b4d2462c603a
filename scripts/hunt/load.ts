import { spawn } from 'node:child_process';

/** Works in slices of 200 ms, and ends when its parent has ended. */
const BUSY = `
const parent = process.ppid;
const work = () => {
  const until = Date.now() + 200;
  while (Date.now() < until);
  if (process.ppid === parent) setImmediate(work);
};
work();
`;

/** Keeps that many cores busy until `end` is called, or until this process has ended. */
export function startLoad(cores: number): { end(): void } {
  const busy = Array.from({ length: cores }, () =>
    spawn(process.execPath, ['-e', BUSY], { stdio: 'ignore' }),
  );
  return {
    end() {
      for (const child of busy) child.kill('SIGKILL');
    },
  };
}
