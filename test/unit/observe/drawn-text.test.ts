import fc from 'fast-check';
import stripAnsi from 'strip-ansi';
import { expect, test } from 'vitest';
import { createEchoSensor } from '../../../src/observe/echo.ts';
import { createRecentText } from '../../../src/observe/recent-text.ts';
import { anyCuts, anyStream, cutAt } from './chunks.ts';

test('the recent text is the end of what was printed, at every cut', () => {
  const long = 'a line é\r\n'.repeat(5000);
  const cases = anyStream(long, '\u001b[31m', 'x'.repeat(20_000)).chain((bytes) =>
    fc.array(fc.nat(bytes.length), { maxLength: 20 }).map((cuts) => ({ bytes, cuts })),
  );
  fc.assert(
    fc.property(cases, ({ bytes, cuts }) => {
      const recent = createRecentText();
      for (const piece of cutAt(bytes, cuts)) recent.feed(piece);
      expect(recent.text()).toBe(stripAnsi(bytes.subarray(-32 * 1024).toString('utf8')));
    }),
  );
});

test('a typed text is seen when it is drawn, wrapped, in colours, and cut anywhere', () => {
  const drawn = Buffer.from('\u001b[2;1H› fix the \u001b[1mé🙂\u001b[0m\r\n  test\u001b[K');
  fc.assert(
    fc.property(anyCuts(drawn.length), (cuts) => {
      const echo = createEchoSensor();
      let seen = 0;
      echo.await('fix the é🙂 test', () => {
        seen += 1;
      });
      const pieces = cutAt(drawn, cuts);
      for (const piece of pieces) echo.feed(piece);
      expect(seen).toBe(1);
      for (const piece of pieces) echo.feed(piece);
      expect(seen).toBe(1);
    }),
  );
});
