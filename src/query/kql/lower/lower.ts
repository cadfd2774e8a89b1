/** A query of KQL as a relational tree. */
import { checkRelation } from '../../relation/check.ts';
import { project } from '../../relation/build.ts';
import { column } from '../../relation/expression.ts';
import type { Relation } from '../../relation/relation.ts';
import type { KqlType } from '../type.ts';
import { list } from './parts.ts';
import type { QuerySettings, Render } from './query.ts';
import { KqlQuery } from './query.ts';
import type { RowColumn } from './rows.ts';
import { orderedRelation } from './rows.ts';
import { Names } from './names.ts';
import { bindStatements } from './statements.ts';
import { tabular } from './tabular.ts';

/** A tree with the names that its columns have for people. */
export interface KqlPlan {
  readonly relation: Relation;
  readonly columns: readonly { readonly name: string; readonly type: KqlType; readonly column: string }[];
  /** Names of the tables that it reads. */
  readonly tables: readonly string[];
  readonly render?: Render;
}

/** @throws KqlError; RowsNeeded where values of the data name columns */
export function lowerKql(settings: QuerySettings): KqlPlan {
  const query = new KqlQuery(settings, tabular);
  const { tree } = settings.analysis;
  const nowhere = { start: 0, end: 1 };
  if (tree === undefined) return query.invalid(nowhere, 'the text has no query');
  const names = new Names();
  const answered = bindStatements(list(tree, 'Statements'), names, query);
  const [first, second] = answered;
  if (first === undefined) return query.invalid(nowhere, 'the text has no query, only statements before one');
  if (second !== undefined)
    return query.refuse(second, 'a text has one query, and this is a second one', 'Ask them one after another.');
  const rows = tabular(first, names, query);
  const columns: readonly RowColumn[] = rows.columns.map((one) => ({ ...one, column: query.fresh() }));
  if (columns.length === 0) return query.invalid(first, 'the answer has no column');
  const answer = project(
    orderedRelation(rows),
    columns.map((one, i) => ({ name: one.column, value: column(rows.columns[i].column) })),
  );
  const relation = query.shared.reduceRight<Relation>(
    (body, { name, value }) => ({ kind: 'let', name, value, body }),
    answer,
  );
  query.checked(first, () => checkRelation(relation));
  const tables = [...query.tablesRead];
  return { relation, columns, tables, ...(query.render === undefined ? {} : { render: query.render }) };
}
