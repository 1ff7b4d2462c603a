import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFrameSensor } from '../../../src/observe/frames.ts';
import { anyCuts, anyStream, cutAt } from './chunks.ts';

const END = '\u001b[?2026l';

test('a frame has been drawn once its end is there, and its end is the end of the stream or not', () => {
  const cases = anyStream(END, '\u001b[?2026h', '\u001b[?2026', '2026l').chain((bytes) =>
    anyCuts(bytes.length).map((cuts) => ({ bytes, cuts })),
  );
  fc.assert(
    fc.property(cases, ({ bytes, cuts }) => {
      let drawn = 0;
      const sensor = createFrameSensor(() => {
        drawn += 1;
      });
      let seen = Buffer.alloc(0);
      for (const piece of cutAt(bytes, cuts)) {
        sensor.feed(piece);
        seen = Buffer.concat([seen, piece]);
        expect(drawn).toBe(seen.includes(END) ? 1 : 0);
        expect(sensor.ended()).toBe(seen.subarray(-END.length).equals(Buffer.from(END)));
      }
    }),
    { numRuns: 1000 },
  );
});
