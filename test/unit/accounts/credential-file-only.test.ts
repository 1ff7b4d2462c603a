import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

// One folder renames, links, replaces or unlinks an auth.json. Everything else calls its functions.
const ALLOWED = ['aside', 'discard', 'link', 'put', 'swap-link'].map(
  (name) => `accounts/credential/${name}.ts`,
);
const SRC = join(import.meta.dirname, '../../../src');

/** What takes a name from a file or gives it one, of Node and of ours. */
const DANGEROUS =
  /^(rename|unlink|rm|link|symlink|copyFile|cp|writeFile|truncate|replaceFile|writeNewFile|removeQuietly|setAside|swapLink|backUp|move)(Sync)?$/;
/** What an auth.json, or the copy of one, is called in this code. */
const CREDENTIAL =
  /auth\.json|authFile|sharedAuth|lastGoodOf|LAST_GOOD|isAsideName|restoreLeftover/;
/** The copy beside a vault is never the only one: it may be written anew, by the file that it belongs to. */
const EXCEPT = ['accounts/last-good.ts: replaceFile(copy'];

/** Calls of a dangerous function on something that leads to a credential, by what its words are made of in the same file. */
function findMisuse(name: string, text: string): string[] {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const made = new Map<string, string>();
  const calls: ts.CallExpression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.initializer !== undefined) {
      const words = ts.isIdentifier(node.name) ? [node.name.text] : namesIn(node.name);
      for (const word of words)
        made.set(word, `${made.get(word) ?? ''} ${node.initializer.getText()}`);
    }
    if (ts.isForOfStatement(node)) {
      for (const word of namesIn(node.initializer)) {
        made.set(word, `${made.get(word) ?? ''} ${node.expression.getText()}`);
      }
    }
    if (ts.isCallExpression(node)) calls.push(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  const leadsToCredential = (expression: string, depth = 0): boolean => {
    if (CREDENTIAL.test(expression)) return true;
    if (depth > 6) return false;
    const words = new Set(expression.match(/[A-Za-z_]\w*/g));
    return [...words].some((word) => {
      const origin = made.get(word);
      return origin !== undefined && leadsToCredential(origin, depth + 1);
    });
  };
  return calls
    .filter(({ expression }) => DANGEROUS.test(expression.getText().split('.').at(-1) ?? ''))
    .filter(({ arguments: [first, second] }) =>
      [first, second].some(
        (argument) =>
          argument !== undefined && isPath(argument) && leadsToCredential(argument.getText()),
      ),
    )
    .map((call) => `${name}: ${call.getText().split('\n')[0]}`);
}

function namesIn(node: ts.Node): string[] {
  const names: string[] = [];
  const visit = (inner: ts.Node): void => {
    if (ts.isBindingElement(inner) || ts.isVariableDeclaration(inner)) {
      if (ts.isIdentifier(inner.name)) names.push(inner.name.text);
    }
    ts.forEachChild(inner, visit);
  };
  visit(node);
  return names;
}

/** Options and functions are no path. */
function isPath(argument: ts.Expression): boolean {
  return !ts.isObjectLiteralExpression(argument) && !ts.isArrowFunction(argument);
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

test('no other file renames, links, replaces or unlinks an auth.json', () => {
  expect(files).toEqual(expect.arrayContaining(ALLOWED));
  const misuse = files
    .filter((file) => !ALLOWED.includes(file))
    .flatMap((file) => findMisuse(file, readFileSync(join(SRC, file), 'utf8')))
    .filter((found) => !EXCEPT.some((known) => found.startsWith(known)));
  expect(misuse).toEqual([]);
});

test('nobody takes the tools of that folder for another purpose', () => {
  const inner = /\b(takeAside|putBack|discardAside|linkAs)\b/;
  const users = files.filter((file) => inner.test(readFileSync(join(SRC, file), 'utf8')));
  expect(users.sort()).toEqual(ALLOWED);
});

test.each([
  ["renameSync(temporary, join(home, 'auth.json'))", true],
  ["const file = join(home, 'auth.json'); const other = file; rmSync(other)", true],
  ['for (const file of [authFileOf(target)]) unlinkSync(file)', true],
  ['fs.unlinkSync(authFileOf(target))', true],
  ['replaceFile(vault.authFile, text)', true],
  ["rmSync(join(home, 'config.toml'))", false],
  ["readFileSync(join(home, 'auth.json'))", false],
])('%s is found: %s', (text, isFound) => {
  expect(findMisuse('x.ts', text)).toHaveLength(isFound ? 1 : 0);
});
