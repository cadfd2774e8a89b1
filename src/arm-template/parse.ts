/**
 * Template expressions. A template string that begins with `[` and ends with `]` is an expression; `[[` begins a plain text.
 *
 *   [concat(parameters('name'), '-', variables('tiers')[0].suffix)]
 *
 *   expression  literal | call | expression '.' name | expression '[' expression ']'
 *   call        name ('.' name)* '(' (expression (',' expression)*)? ')'
 *   literal     'text, with '' for a quote' | -12
 *
 * Source: learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
 */
import { limits } from '../base/limits.ts';
import { TemplateProblem } from './value.ts';

export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'index'; readonly target: Expression; readonly index: Expression };

/** The text between the brackets; `undefined` if `text` is a plain string. */
export function expressionText(text: string): string | undefined {
  if (!text.startsWith('[') || !text.endsWith(']') || text.startsWith('[[')) return undefined;
  return text.slice(1, -1);
}

/** A plain string without its escape: `[[x]` is `[x]`. */
export function literalText(text: string): string {
  return text.startsWith('[[') ? text.slice(1) : text;
}

interface Cursor {
  readonly text: string;
  offset: number;
  depth: number;
}

/** @throws TemplateProblem with the column, 1-based within the brackets */
export function parseExpression(text: string): Expression {
  if (text.length > limits.templateExpressionCharsMax)
    throw new TemplateProblem(`longer than ${limits.templateExpressionCharsMax} characters`);
  const cursor: Cursor = { text, offset: 0, depth: 0 };
  const expression = readExpression(cursor);
  skipBlanks(cursor);
  if (cursor.offset < text.length) throw unexpected(cursor, 'the end');
  return expression;
}

function readExpression(cursor: Cursor): Expression {
  if (++cursor.depth > limits.templateDepthMax / 4) throw new TemplateProblem('nested too deep');
  skipBlanks(cursor);
  const first = cursor.text[cursor.offset];
  let expression: Expression;
  if (first === "'") expression = { kind: 'literal', value: readText(cursor) };
  else if (first !== undefined && /[-\d]/.test(first)) expression = { kind: 'literal', value: readNumber(cursor) };
  else expression = readCall(cursor);
  const depth = cursor.depth;
  for (;;) {
    skipBlanks(cursor);
    const next = cursor.text[cursor.offset];
    if (next !== '.' && next !== '[') break;
    if (++cursor.depth > limits.templateDepthMax / 4) throw new TemplateProblem('nested too deep');
    cursor.offset++;
    if (next === '.') {
      skipBlanks(cursor);
      expression = { kind: 'index', target: expression, index: { kind: 'literal', value: readName(cursor) } };
    } else {
      expression = { kind: 'index', target: expression, index: readExpression(cursor) };
      expect(cursor, ']');
    }
  }
  cursor.depth = depth - 1;
  return expression;
}

function readCall(cursor: Cursor): Expression {
  let name = readName(cursor);
  skipBlanks(cursor);
  while (cursor.text[cursor.offset] === '.') {
    cursor.offset++;
    name += `.${readName(cursor)}`;
    skipBlanks(cursor);
  }
  expect(cursor, '(');
  const args: Expression[] = [];
  skipBlanks(cursor);
  if (cursor.text[cursor.offset] === ')') {
    cursor.offset++;
    return { kind: 'call', name, args };
  }
  for (;;) {
    args.push(readExpression(cursor));
    skipBlanks(cursor);
    if (cursor.text[cursor.offset] !== ',') break;
    cursor.offset++;
  }
  expect(cursor, ')');
  return { kind: 'call', name, args };
}

function readName(cursor: Cursor): string {
  const pattern = /[A-Za-z_$][\w$-]*/y;
  pattern.lastIndex = cursor.offset;
  const match = pattern.exec(cursor.text);
  if (match === null) throw unexpected(cursor, 'a name');
  cursor.offset = pattern.lastIndex;
  return match[0];
}

function readText(cursor: Cursor): string {
  const pattern = /'((?:[^']|'')*)'/y;
  pattern.lastIndex = cursor.offset;
  const match = pattern.exec(cursor.text);
  if (match === null) throw new TemplateProblem(`the text that begins at column ${cursor.offset + 1} does not end`);
  cursor.offset = pattern.lastIndex;
  return match[1].replaceAll("''", "'");
}

function readNumber(cursor: Cursor): number {
  const pattern = /-?\d+(\.\d+)?/y;
  pattern.lastIndex = cursor.offset;
  const match = pattern.exec(cursor.text);
  if (match === null) throw unexpected(cursor, 'a number');
  cursor.offset = pattern.lastIndex;
  return Number(match[0]);
}

function expect(cursor: Cursor, character: string): void {
  skipBlanks(cursor);
  if (cursor.text[cursor.offset] !== character) throw unexpected(cursor, `'${character}'`);
  cursor.offset++;
}

function skipBlanks(cursor: Cursor): void {
  while (/\s/.test(cursor.text[cursor.offset] ?? '')) cursor.offset++;
}

function unexpected(cursor: Cursor, wanted: string): TemplateProblem {
  const found = cursor.text[cursor.offset];
  return new TemplateProblem(
    `syntax: ${wanted} expected at column ${cursor.offset + 1}, found ${found === undefined ? 'the end' : `'${found}'`}`,
  );
}
