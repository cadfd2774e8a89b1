/** getschema, and render, which changes nothing of the rows. */
import { values } from '../../../relation/build.ts';
import { whole } from '../../../relation/expression.ts';
import type { KqlType } from '../../type.ts';
import { scalarOf } from '../../type.ts';
import { literal } from '../literal.ts';
import { list, node, optional, text } from '../parts.ts';
import type { Operator } from './operator.ts';

/** Source: Kusto, "getschema operator". */
const dataTypes: Readonly<Record<KqlType, string>> = {
  bool: 'System.SByte',
  int: 'System.Int32',
  long: 'System.Int64',
  real: 'System.Double',
  decimal: 'System.Data.SqlTypes.SqlDecimal',
  string: 'System.String',
  datetime: 'System.DateTime',
  timespan: 'System.TimeSpan',
  dynamic: 'System.Object',
  guid: 'System.Guid',
};

export const getSchema: Operator = ({ input, query }) => {
  const columns = (
    [
      ['ColumnName', 'string'],
      ['ColumnOrdinal', 'long'],
      ['DataType', 'string'],
      ['ColumnType', 'string'],
    ] as const
  ).map(([name, type]) => ({ name, type, column: query.fresh() }));
  const rows = input.columns.map((one, i) => [
    literal('string', one.name).value,
    whole(i),
    literal('string', dataTypes[one.type]).value,
    literal('string', one.type).value,
  ]);
  return {
    relation: values(
      columns.map(({ column: name, type }) => ({ name, type: scalarOf(type) })),
      rows,
    ),
    columns,
    order: [{ by: columns[1].column }],
    group: [],
  };
};

export const render: Operator = ({ of, input, query }) => {
  const properties = list(optional(of, 'WithClause'), 'Properties').map((one) => {
    const value = optional(one, 'Expression');
    return [node(one, 'Name').text ?? '', value?.text ?? query.settings.text.slice(value?.start, value?.end)] as const;
  });
  query.render = {
    chart: text(of, 'ChartType') || (optional(of, 'ChartType')?.text ?? ''),
    properties: Object.fromEntries(properties),
  };
  return input;
};
