/**
 * Datetimes have microseconds here, and ticks of 100 ns in the language. A literal with a seventh digit is compared with times as well without it;
 * anywhere else an answer would show that the digit is lost.
 */
import type { SyntaxNode } from './language/syntax.ts';
import { optional } from './lower/parts.ts';

const comparisons = /^(?:[<>]=?|==|!=|<>|!?between|!?in)$/i;
/** The last tick of a second is known. */
const inexact = /\.(?!9{7}\b)\d{6}[1-9]/;

/** The first literal, or name of one, whose last digit counts. */
export function inexactTime(tree: SyntaxNode): SyntaxNode | undefined {
  const names = new Set<string>();
  let found: SyntaxNode | undefined;
  const visit = (of: SyntaxNode, isCompared: boolean): void => {
    const value = of.kind === 'LetStatement' ? optional(of, 'Expression') : undefined;
    if (value !== undefined && isInexact(value)) {
      names.add(optional(of, 'Name')?.text ?? '');
      return;
    }
    if (!isCompared && (isInexact(of) || (of.kind === 'NameReference' && names.has(of.text ?? '')))) found ??= of;
    const sign = of.parts['Operator'];
    const isComparison = typeof sign === 'string' && comparisons.test(sign);
    const passes =
      of.kind === 'ParenthesizedExpression' || of.kind === 'ExpressionCouple' || of.kind === 'ExpressionList';
    if (of.body !== undefined) visit(of.body, false);
    for (const part of Object.values(of.parts))
      if (typeof part !== 'string')
        for (const one of 'kind' in part ? [part] : part) visit(one, isComparison || (passes && isCompared));
  };
  visit(tree, false);
  return found;
}

function isInexact({ kind, text = '' }: SyntaxNode): boolean {
  return kind === 'DateTimeLiteralExpression' && inexact.test(text);
}
