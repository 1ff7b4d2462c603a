import { readFileSync } from 'node:fs';
import { tsImport } from 'tsx/esm/api';
import { describe, expect, test } from 'vitest';

// The workflow that GitHub runs, read by GitHub's own parser.

// It imports JSON as bundlers do, which Node refuses.
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = (await tsImport(
  '@actions/workflow-parser',
  import.meta.url,
)) as typeof import('@actions/workflow-parser');

const ROOT = new URL('../../', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, ROOT), 'utf8');
const WORKFLOW = read('.github/workflows/ci.yml');
const { scripts, engines } = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  engines: { node: string };
};

/** @returns what the parser finds wrong: in the grammar, then in what the jobs say of each other. */
async function findErrors(content: string): Promise<string[]> {
  const { context, value } = parseWorkflow(
    { name: 'ci.yml', content },
    new NoOperationTraceWriter(),
  );
  if (value !== undefined) await convertWorkflowTemplate(context, value);
  return context.errors.getErrors().map(({ message }) => message);
}

describe('.github/workflows/ci.yml', () => {
  test('is a workflow to GitHub', async () => {
    expect(await findErrors(WORKFLOW)).toEqual([]);
  });

  test.each([
    ['an unknown key', 'timeout-minutes:', 'timeout-minute:'],
    ['an expression that is not closed', '|| github.run_id }}', '|| github.run_id'],
    ['a context that does not exist', 'matrix.node }}', 'matrices.node }}'],
    ['an event that does not exist', 'pull_request:', 'pull_requests:'],
    [
      'a job that nobody defined',
      'runs-on: macos-latest',
      'needs: [gates]\n    runs-on: macos-latest',
    ],
  ])('with %s it would not be', async (_, right, wrong) => {
    expect(WORKFLOW).toContain(right);
    expect(await findErrors(WORKFLOW.replace(right, wrong))).not.toEqual([]);
  });

  test('runs scripts that exist', () => {
    const named = [...WORKFLOW.matchAll(/\bnpm run ([\w:]+)/g)].map(([, name]) => name as string);
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  test('uses each Node that `engines` allows, from the oldest major on', () => {
    const oldest = Number(/^>=(\d+)\.\d+$/.exec(engines.node)?.[1]);
    const rows = /^ +node: \[(.*)\]$/m.exec(WORKFLOW)?.[1]?.split(', ').map(Number) ?? [];
    const single = [...WORKFLOW.matchAll(/node-version: (\d+)$/gm)].map(([, row]) => Number(row));
    // Odd majors are never maintained for long.
    expect(rows).toEqual(rows.map((_, index) => oldest + 2 * index));
    expect(rows.length).toBeGreaterThan(2);
    expect(rows).toEqual(expect.arrayContaining(single));
    expect(single.length).toBeGreaterThan(0);
  });
});
