import { readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { expect, test } from 'vitest';
import { createHome } from './sandbox.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, ROOT), 'utf8');
const SOURCES = readdirSync(new URL('src', ROOT), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ source: `src/${file}`, text: read(`src/${file}`) }));
const ALL = SOURCES.map(({ text }) => text).join('');

test.each(['dist/cli/program.js', 'dist/launch/launch.js', 'dist/bin/launch.js'])(
  '%s: its map leads each text to the line that has it',
  (program) => {
    const code = read(program);
    const map = new SourceMap(JSON.parse(read(`${program}.map`)));
    const lineStarts = [0, ...[...code.matchAll(/\n/g)].map(({ index }) => index + 1)];
    let count = 0;
    for (const { source, text } of SOURCES) {
      for (const [, words = ''] of text.matchAll(/'([\w ,;]{25,})'/g)) {
        const at = code.indexOf(words);
        // Words that are twice in the code or in the sources tell nothing, nor does a piece of a longer text.
        if (at < 0 || code.indexOf(words, at + 1) >= 0 || ALL.split(words).length > 2) continue;
        if (!/["`]/.test(code[at - 1] as string)) continue;
        const line = lineStarts.filter((start) => start <= at).length;
        // Columns are counted from one: this is the one of the quote.
        const origin = map.findOrigin(line, at - (lineStarts[line - 1] as number));
        if (!('fileName' in origin)) throw new Error(`${words} has no origin`);
        const { fileName, lineNumber, columnNumber } = origin;
        const told = text.split('\n')[lineNumber - 1]?.slice(columnNumber - 1);
        expect(`${fileName} ${told}`).toContain(`../../${source} '${words}`);
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(program.includes('bin') ? 0 : 20);
  },
);

test('a map has no sources in it', () => {
  for (const program of ['cli/program', 'launch/launch', 'launch/keep-token']) {
    expect(JSON.parse(read(`dist/${program}.js.map`)).sourcesContent).toBeUndefined();
  }
});

test('the report of a bug names lines of the sources', () => {
  const home = createHome();
  const preload = home.write(
    'bug.cjs',
    `process.stdout.write = () => { throw new TypeError('on purpose'); };`,
  );
  const ran = home.run(['setup'], { NODE_OPTIONS: `--require ${JSON.stringify(preload)}` });
  expect(ran.status).toBe(70);
  const [, file = ''] = /please report it with (.*)$/m.exec(ran.stderr) ?? [];
  const stack = readFileSync(file, 'utf8');
  expect(stack).toMatch(/TypeError: on purpose\n.*bug\.cjs/);
  expect(stack).toMatch(/^ {4}at .*\(src\/cli\/set-up\/setup\.ts:\d+:\d+\)$/m);
});
