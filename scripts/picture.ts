// npm run picture [-- file]: records the handoff of the demo in a virtual terminal, and draws it as .github/handoff.svg (or as
// the named file) for the README. It draws each cell of the screen. Only the clock and the ids are the same in each recording,
// so that two recordings differ only where Codex or we changed.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openStage } from './demo/stage.ts';
import { drawFilm } from './picture/draw-film.ts';
import { recordHandoff } from './picture/record-handoff.ts';

/** The virtual terminal that is recorded. */
const SCREEN = { columns: 92, rows: 26 };

const file = process.argv[2] ?? fileURLToPath(new URL('../.github/handoff.svg', import.meta.url));
const stage = await openStage(false);
try {
  await stage.setUp();
  // The film ends with the conversation, not with the shell.
  const frames = (await recordHandoff(stage, SCREEN)).filter(({ name }) => name !== 'end');
  const svg = drawFilm(frames, {
    ...SCREEN,
    title: 'codex, with codex-hotswap behind it',
    description:
      'A conversation in Codex under acc1. At a second prompt acc1 is at its usage limit; without a key press the same conversation goes on under acc2.',
  });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, svg);
  console.log(`\ndrew ${file} (${Math.ceil(svg.length / 1024)} KB)`);
} finally {
  await stage.close();
}
