/** A question in KQL, printed. */
import type { AskSettings, Engine, RelationAnswer } from '../../query/engine/engine.ts';
import { askKql, declared } from '../../query/kql/kql.ts';
import { completeText } from '../../query/kql/language/language-thread.ts';
import type { KqlPlan } from '../../query/kql/lower/lower.ts';
import { columnKinds } from '../../query/kql/type.ts';
import type { KqlType } from '../../query/kql/type.ts';
import type { OutputFormat } from '../output/output.ts';
import { print } from '../output/print.ts';
import { tell } from '../output/printable.ts';
import type { Result } from '../output/result.ts';
import { explain } from './question.ts';
import { drawingOf } from './kql-chart.ts';
import { kqlSettings, kqlTables } from './kql-tables.ts';
import { saveQuery, savedQuery } from './saved-queries.ts';
import type { ShellLanguage } from './shell-language.ts';
import { kqlLanguage } from './shell-language.ts';
import type { KqlOptions } from './kql-tables.ts';

/** Asks and prints. @throws kql-invalid, kql-unsupported, and what asking throws */
export async function printKql(
  engine: Engine,
  text: string,
  format: OutputFormat,
  options: KqlOptions,
  asking: AskSettings = {},
): Promise<void> {
  const startMillis = performance.now();
  const { plan, answer } = await askKql(engine, text, await kqlSettings(engine, options), asking);
  if (options.explain === true) tellPlan(plan, answer);
  const draw = drawingOf(plan);
  const rows = await print(resultOf(plan, answer), format, draw === undefined ? {} : { draw });
  if (options.explain === true) explain(answer.scan, rows, performance.now() - startMillis);
}

/** The language of the shell, whose completion comes from the language service. */
export function kqlShell(options: KqlOptions): ShellLanguage {
  const tables = kqlTables(options.trafficAnalytics);
  return kqlLanguage(tables, (text) => completeText(text, text.length, tables.map(declared)));
}

/** Asks a text, or the query that was saved by that name, and prints the answer; `save` keeps the text. */
export async function answerKql(
  engine: Engine,
  text: string,
  format: OutputFormat,
  options: KqlOptions & { readonly save?: string },
): Promise<void> {
  const asked = (await savedQuery(text.trim())) ?? text;
  await printKql(engine, asked, format, options);
  if (options.save !== undefined) await saveQuery(options.save, asked);
}

function tellPlan(plan: KqlPlan, answer: RelationAnswer): void {
  tell(`tree\n${JSON.stringify(plan.relation)}\n\nsql\n${answer.sql}\n`);
}

/** Types in Parquet; those of other columns are texts. A decimal has 12 digits behind the point. */
const parquetTypes: Partial<Readonly<Record<KqlType, string>>> = {
  bool: 'BOOLEAN',
  int: 'INTEGER',
  long: 'BIGINT',
  real: 'DOUBLE',
  decimal: 'DECIMAL(38,12)',
  datetime: 'TIMESTAMP WITH TIME ZONE',
  guid: 'UUID',
};

function resultOf(plan: KqlPlan, { chunks }: RelationAnswer): Result {
  const columns = plan.columns.map(({ name, type }) => {
    const sqlType = parquetTypes[type];
    return { name, kind: columnKinds[type], ...(sqlType === undefined ? {} : { sqlType }) };
  });
  return { columns, chunks };
}
