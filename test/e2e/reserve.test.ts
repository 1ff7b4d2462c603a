import { appendFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { ask, waitForComposer } from '../lab/composer.ts';
import { waitForDialog } from '../lab/dialogs.ts';
import type { OuterTerminal } from '../lab/outer-terminal.ts';
import { describeSince, itSince } from '../lab/playable.ts';
import { type Rollout, readRollouts } from '../lab/rollouts.ts';
import { createSupervisedLab, quit } from '../lab/supervised.ts';

// Codex that goes on with the reserve model has no included usage left (fact 74).

const { openLab, close } = createSupervisedLab();
afterEach(close);

describeSince('0.153.0', 'it has no reserve')(
  'a Codex that the service puts on the reserve',
  () => {
    it('in mid-session: the next account goes on, on the thread’s own model', async () => {
      const lab = await openReserveLab(1);
      const { backend, hotswap } = lab;
      const terminal = hotswap.open(['-c', 'model_reasoning_effort="high"']);
      await ask(terminal, 'one');
      await terminal.waitForText('answer 1 from acc1');
      // Codex asks how much is left, and is told.
      await ask(terminal, '/status');
      await hotswap.waitForEvent('rotated');
      await hotswap.waitForEvent('bound', 2);
      await ask(terminal, 'two');
      await terminal.waitForText('answer 1 from acc2');
      const [own, next] = [backend.turns('acc1')[0]?.turn, backend.turns('acc2')[0]?.turn];
      expect(next?.userTexts).toEqual(['one', 'two']);
      expect(next).toMatchObject({ model: own?.model, body: { reasoning: { effort: 'high' } } });
      await expectMoved(lab, terminal);
    });

    it('from the start: so does its first thread', async () => {
      const lab = await openReserveLab(0);
      const { backend, hotswap } = lab;
      const terminal = hotswap.open();
      await terminal.waitForText('Automatically switched to');
      await waitForDialog(terminal, hotswap.sandbox, 'Continue with Luna Reserve');
      terminal.press('escape');
      await ask(terminal, 'one');
      await terminal.waitForText('answer 1 from acc1');
      await hotswap.waitForEvent('rotated');
      await hotswap.waitForEvent('bound', 2);
      await ask(terminal, 'two');
      await terminal.waitForText('answer 1 from acc2');
      const next = backend.turns('acc2')[0]?.turn;
      expect(next?.userTexts).toEqual(['one', 'two']);
      expect(next?.model).not.toMatch(/reserve|luna/);
      await expectMoved(lab, terminal);
    });

    async function openReserveLab(turnsLeft: number) {
      const lab = await openLab([{ name: 'acc1', turnsLeft, reserve: true }, { name: 'acc2' }]);
      const { hotswap, backend } = lab;
      const catalogue = await hotswap.sandbox.run('codex', ['debug', 'models', '--bundled']);
      const { models } = JSON.parse(catalogue.stdout) as { models: { slug: string }[] };
      const luna = models.find(({ slug }) => slug === 'gpt-5.6-luna');
      const reserve = {
        ...luna,
        slug: 'gpt-reserve',
        display_name: 'Luna Reserve',
        visibility: 'hide',
      };
      backend.switches.models = [...models, reserve];
      return lab;
    }

    async function expectMoved(
      { hotswap }: Awaited<ReturnType<typeof openLab>>,
      terminal: OuterTerminal,
    ) {
      expect(hotswap.account('acc1').marks).toMatchObject([{ kind: 'reserve' }]);
      expect(hotswap.eventsOf('rotated')).toMatchObject([{ from: 'acc1', kind: 'reserve' }]);
      expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
    }
  },
);

// The reserve came with 0.153, and the record of settings shortly before 0.150: the line is Codex's own, with the model
// changed.
itSince('0.150.0', 'it has no reserve')(
  'an account on the reserve is at its limit: the next goes on, on the thread’s own model',
  async () => {
    const { backend, hotswap } = await openLab([{ name: 'acc1' }, { name: 'acc2' }]);
    const terminal = hotswap.open(['-c', 'model_reasoning_effort="high"']);
    await ask(terminal, 'one');
    await terminal.waitForText('answer 1 from acc1');
    await ask(terminal, 'two');
    await terminal.waitForText('answer 2 from acc1');
    await waitForComposer(terminal);
    goOnReserve(readRollouts(hotswap.sandbox.codexHome)[0] as Rollout);

    await hotswap.waitForEvent('rotated');
    await hotswap.waitForEvent('bound', 2);
    await ask(terminal, 'three');
    await terminal.waitForText('answer 1 from acc2');
    const [own, next] = [backend.turns('acc1')[0]?.turn, backend.turns('acc2')[0]?.turn];
    expect(next?.userTexts).toEqual(['one', 'two', 'three']);
    expect(next).toMatchObject({ model: own?.model, body: { reasoning: { effort: 'high' } } });
    expect(hotswap.account('acc1').marks).toMatchObject([{ kind: 'reserve' }]);
    expect(hotswap.eventsOf('rotated')).toMatchObject([{ from: 'acc1', kind: 'reserve' }]);
    expect(await quit(terminal)).toEqual({ status: 0, signal: 0 });
  },
);

/** Writes what Codex writes when it takes another model, as its next line. */
function goOnReserve({ file, lines }: Rollout): void {
  const isSettings = (line: (typeof lines)[number]) =>
    line.payload.type === 'thread_settings_applied';
  const settings = lines.findLast(isSettings);
  const { payload } = structuredClone(settings) as (typeof lines)[number];
  const { ordinal } = lines.at(-1) as { ordinal?: number };
  Object.assign(payload.thread_settings as object, { model: 'gpt-reserve' });
  const timestamp = new Date().toISOString();
  const place = ordinal === undefined ? {} : { ordinal: ordinal + 1 };
  appendFileSync(file, `${JSON.stringify({ ...settings, timestamp, ...place, payload })}\n`);
}
