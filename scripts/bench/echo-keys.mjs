// echo-keys.mjs BYTES: sets raw mode, writes "ready", and writes each byte back that it reads, until it has read that many.
import { spawnSync } from 'node:child_process';
import { readSync, writeSync } from 'node:fs';

spawnSync('stty', ['raw', '-echo'], { stdio: ['inherit', 'ignore', 'ignore'] });
writeSync(1, 'ready');
const buffer = Buffer.alloc(4096);
for (let left = Number(process.argv[2]); left > 0; ) {
  const length = readSync(0, buffer);
  left -= length;
  writeSync(1, buffer.subarray(0, length));
}
