import { spawn } from 'node:child_process';

/** Busy in slices, so that it can see that the hunt is gone, however that was ended. */
const BUSY = `
const parent = process.ppid;
const work = () => {
  const until = Date.now() + 200;
  while (Date.now() < until);
  if (process.ppid === parent) setImmediate(work);
};
work();
`;

/** Keeps that many cores busy until `end` is called, or until this process is gone. */
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
