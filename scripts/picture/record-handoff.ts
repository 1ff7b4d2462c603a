import { ask, waitForComposer } from '../../test/lab/composer.ts';
import { openCodex } from '../demo/open-codex.ts';
import type { Stage } from '../demo/stage.ts';
import type { Frame } from './draw-film.ts';
import { settleText, zoneOfSeven } from './settle-text.ts';

/** The virtual terminal that is recorded. */
export const SCREEN = { columns: 92, rows: 26 };

/** Plays a handoff and keeps its main screens. @throws Error when an expected text does not come. */
export async function recordHandoff(stage: Stage): Promise<Frame[]> {
  stage.box.env.TZ = zoneOfSeven(new Date());
  const terminal = openCodex(stage, SCREEN);
  const frames: Frame[] = [];
  const keep = (caption: string, seconds: number) => {
    const cells = settleText(terminal.cells());
    frames.push({ caption, seconds, cells, cursor: terminal.cursor() });
  };

  await waitForComposer(terminal);
  keep('codex', 1.5);
  await ask(terminal, 'What is a usage limit?');
  await terminal.waitForText(/This is acc1\.[\s\S]*Worked for/);
  await waitForComposer(terminal);
  keep('acc1 answers', 3);

  const prompt = 'And what happens at the limit?';
  terminal.paste(prompt);
  await terminal.waitForText(prompt);
  keep('a second prompt', 1.5);
  terminal.press('enter');
  await terminal.waitForText('going on under acc2', { scrollback: true });
  keep('acc1 is at its limit, and acc2 takes over', 3);
  await terminal.waitForText(/This is acc2\.[\s\S]*Worked for/);
  await waitForComposer(terminal);
  keep('acc2 has answered, in the same conversation', 5);

  await ask(terminal, '/quit');
  await terminal.waitForExit();
  return frames;
}
