/** Parts of nodes of the syntax. */
import { assert } from '../../../base/assert.ts';
import type { SyntaxNode } from '../language/syntax.ts';

export function optional(of: SyntaxNode, part: string): SyntaxNode | undefined {
  const found = of.parts[part];
  return typeof found === 'object' && 'kind' in found ? found : undefined;
}

export function node(of: SyntaxNode, part: string): SyntaxNode {
  const found = optional(of, part);
  assert(found !== undefined, `a ${of.kind} has the part ${part}`);
  return found;
}

/** None where the part is missing. */
export function list(of: SyntaxNode | undefined, part: string): readonly SyntaxNode[] {
  const found = of?.parts[part];
  return typeof found === 'object' && !('kind' in found) ? found : [];
}

export function text(of: SyntaxNode, part: string): string {
  const found = of.parts[part];
  return typeof found === 'string' ? found : '';
}

/** The parameter of an operator with a name: `kind=inner`. */
export function parameter(of: SyntaxNode, name: string): SyntaxNode | undefined {
  const found = list(of, 'Parameters').find((one) => optional(one, 'Name')?.text?.toLowerCase() === name);
  return found === undefined ? undefined : optional(found, 'Expression');
}

/** Without brackets and the name that it is given. */
export function unwrapped(of: SyntaxNode): SyntaxNode {
  return of.kind === 'ParenthesizedExpression' ? unwrapped(node(of, 'Expression')) : of;
}
