import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';

// What a user reads has one name for each thing: an account, the real Codex, `codex` through the shim. Where a login lies and
// how a session gets its CODEX_HOME is told by `doctor` and the documents only.

const root = new URL('../../', import.meta.url);

/** Only `doctor` tells of vaults, slots and overlays. */
const MAY_NAME_PARTS = /^src\/cli\/doctor\//;

const FORBIDDEN: { word: RegExp; except?: RegExp }[] = [
  { word: wordOf('vault|slot|overlay|shared home'), except: MAY_NAME_PARTS },
  { word: wordOf('target') },
  { word: /\bplain [`'"]?codex/i },
];

/** `targets.acc1.threshold` is a key of the configuration file, `slot-3` the name of a directory, `bad-vault` a code. */
function wordOf(words: string): RegExp {
  return new RegExp(`(?<![\\w./-])(?:${words})s?(?![\\w.[=-])`, 'i');
}

/** Literals that no user reads, or reads as a word of the configuration file. */
const ALLOWED: Record<string, RegExp> = {
  'src/codex/home-table.ts': /^vault$/,
  'src/state/config.ts': /^(?:targets|vault)$/,
  'src/state/trace-fields.ts': / (?:target|slot) /,
};

const files = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/${file}`);

test('no text for a user has another name for a thing', () => {
  const texts = files.flatMap((file) => textsOf(file).map((text) => ({ file, text })));
  expect(texts.length).toBeGreaterThan(500);
  const wrong = texts.filter(({ file, text }) => !ALLOWED[file]?.test(text) && isWrong(file, text));
  expect(wrong.map(({ file, text }) => `${file}: ${text}`)).toEqual([]);
});

function isWrong(file: string, text: string): boolean {
  return FORBIDDEN.some(({ word, except }) => !except?.test(file) && word.test(text));
}

/** The string literals of a file that may become text. A part of a template that is computed is `…`. */
function textsOf(file: string): string[] {
  const source = readFileSync(new URL(file, root), 'utf8');
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
      if (!isIdentifier(node)) texts.push(node.text);
    } else if (ts.isTemplateExpression(node)) {
      texts.push(
        [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…'),
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return texts;
}

/** Whether a literal is a name for the program: a module, a key, a type, a case, a side of a comparison. */
function isIdentifier(node: ts.StringLiteral | ts.NoSubstitutionTemplateLiteral): boolean {
  const { parent } = node;
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent)) return true;
  if (ts.isLiteralTypeNode(parent) || ts.isCaseClause(parent)) return true;
  if (ts.isPropertyAssignment(parent) && parent.name === node) return true;
  if (ts.isElementAccessExpression(parent)) return true;
  if (ts.isPropertyAssignment(parent) && /^(?:kind|type)$/.test(parent.name.getText())) return true;
  const comparisons = [
    ts.SyntaxKind.InKeyword,
    ts.SyntaxKind.EqualsEqualsEqualsToken,
    ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ];
  return ts.isBinaryExpression(parent) && comparisons.includes(parent.operatorToken.kind);
}

test('the shim has no other names either', () => {
  const shim = readFileSync(new URL('shim/codex', root), 'utf8');
  const said = shim.split('\n').filter((line) => /^\s*(?:say|printf) /.test(line));
  expect(said.length).toBeGreaterThan(4);
  expect(said.filter((line) => isWrong('shim/codex', line))).toEqual([]);
});
