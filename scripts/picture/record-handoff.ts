import { ask, waitForComposer } from '../../test/lab/composer.ts';
import { openCodex } from '../demo/open-codex.ts';
import type { Stage } from '../demo/stage.ts';
import type { Frame } from './draw-film.ts';
import { settleText, zoneOfSeven } from './settle-text.ts';

/** A screen of the handoff, in the order of the recording. */
export interface Moment extends Frame {
  name: 'start' | 'answer' | 'prompt' | 'limit' | 'successor' | 'after' | 'end';
}

/** Plays a handoff and keeps its main screens, each with the window's title. @throws Error when an expected text does not come. */
export async function recordHandoff(
  stage: Stage,
  size: { columns: number; rows: number },
): Promise<Moment[]> {
  stage.box.env.TZ = zoneOfSeven(new Date());
  const terminal = openCodex(stage, size);
  const moments: Moment[] = [];
  const keep = (name: Moment['name'], seconds: number) => {
    const cells = settleText(terminal.cells());
    // The spinner's place is chance.
    const caption = terminal.title().replace(/^[\u2800-\u28ff] /, '');
    moments.push({ name, caption, seconds, cells, cursor: terminal.cursor() });
  };

  await waitForComposer(terminal);
  keep('start', 1.5);
  await ask(terminal, 'What is a usage limit?');
  await terminal.waitForText(/This is acc1\.[\s\S]*Worked for/);
  await waitForComposer(terminal);
  keep('answer', 3);

  const prompt = 'And what happens at the limit?';
  terminal.paste(prompt);
  await terminal.waitForText(prompt);
  keep('prompt', 1.5);
  terminal.press('enter');
  await terminal.waitForText('hit your usage limit');
  keep('limit', 2);
  await terminal.waitUntil(() => terminal.title().endsWith('acc2'), 'acc2 in the title');
  await terminal.waitForText(/› continue/);
  keep('successor', 1.5);
  await terminal.waitForText(/This is acc2\.[\s\S]*Worked for/);
  await waitForComposer(terminal);
  keep('after', 5);

  await ask(terminal, '/quit');
  await terminal.waitForExit();
  keep('end', 0);
  return moments;
}
