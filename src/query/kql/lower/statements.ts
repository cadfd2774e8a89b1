/** Statements before the one that is answered: what they bind. */
import type { SyntaxNode } from '../language/syntax.ts';
import { list, node, optional } from './parts.ts';
import type { KqlQuery } from './query.ts';
import type { Names } from './names.ts';

/** Binds the names of these statements. @returns the expressions among them that are answered */
export function bindStatements(statements: readonly SyntaxNode[], names: Names, query: KqlQuery): SyntaxNode[] {
  const answered: SyntaxNode[] = [];
  for (const statement of statements)
    switch (statement.kind) {
      case 'LetStatement':
        bindLet(statement, names, query);
        break;
      case 'ExpressionStatement':
        answered.push(node(statement, 'Expression'));
        break;
      case 'QueryParametersStatement':
        for (const parameter of list(statement, 'Parameters')) bindParameter(parameter, names, query);
        break;
      // Options of the request, which change no answer.
      case 'SetOptionStatement':
        break;
      default:
        query.refuse(statement, `a statement of this kind is not supported`);
    }
  return answered;
}

function bindLet(statement: SyntaxNode, names: Names, query: KqlQuery): void {
  const name = node(statement, 'Name').text ?? '';
  const value = node(statement, 'Expression');
  if (value.kind === 'FunctionDeclaration') names.bind(name, { kind: 'function', node: value, names });
  else if (query.schemaOf(value) !== undefined) names.bind(name, { kind: 'table', node: value, names, cache: {} });
  else names.bind(name, { kind: 'scalar', node: value, names });
}

function bindParameter(parameter: SyntaxNode, names: Names, query: KqlQuery): void {
  const name = node(node(parameter, 'NameAndType'), 'Name').text ?? '';
  const fallback = optional(parameter, 'DefaultValue');
  if (fallback === undefined) query.refuse(parameter, `the query parameter ${name} has no value`);
  names.bind(name, { kind: 'scalar', node: node(fallback, 'Value'), names });
}
