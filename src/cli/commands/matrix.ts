import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { measureColumn } from '../../query/measure.ts';
import { withEngine } from '../question/open-engine.ts';
import { printAnswer, readRange, whereOf } from '../question/question.ts';
import type { GroupOptions } from '../options/group-options.ts';
import { addGroups, readFields, readMeasures, summaryDetails, summaryParts } from '../options/group-options.ts';
import { parseWhole } from '../options/options.ts';
import { formatCount } from '../../base/format-count.ts';
import { formatOf, isPicture } from '../output/print.ts';
import type { Result, ResultColumn } from '../output/result.ts';
import { plainText } from '../../base/row-text.ts';
import { isPlainTerminal } from '../output/sparkline.ts';
import { unitOf, withUnit } from '../output/units.ts';

interface MatrixOptions extends GroupOptions {
  readonly by: string;
  readonly limit: string;
}

export function define(command: Command): void {
  addGroups(command, 'bytes');
  command
    .option('--by <field,field>', 'the field of the rows and the field of the columns', 'src.ip,dst.ip')
    .option('-n, --limit <n>', 'rows and columns at the most', '8');
  command.addHelpText('after', '\nTables and markdown have one column a value; all other formats one row a pair.\n');
  command.action(async (words: string[], options: MatrixOptions) => {
    const by = readFields('--by', options.by);
    if (by.length !== 2) throw new FlowError('usage', '--by takes two fields, such as src.ip,dst.port');
    if (options.compare !== undefined)
      throw new FlowError('usage', 'a matrix is not compared: use top --by FIELD,FIELD');
    const limit = parseWhole('--limit', options.limit, 1, 1000);
    const measures = readMeasures(options.metric);
    const names = measures.map(measureColumn);
    const column = measureColumn(measures[0]);
    const isHeatMap = isPicture(formatOf(options));
    const counts = isHeatMap ? readMeasures('flows,denied').filter((one) => !names.includes(measureColumn(one))) : [];
    await withEngine(options, async (engine) => {
      await printAnswer(
        engine,
        {
          range: readRange(options),
          ...whereOf(words),
          ask: 'groups',
          axes: by.map((field) => ({ by: [field], limit })),
          measures: [...measures, ...counts],
          observations: options.observations === true,
        },
        options,
        {
          show: (answer) => crossed(answer, column, isHeatMap ? heatCells : plainCells),
          below: (rows, summary) => [
            ...summaryParts(rows, summary),
            ...(isHeatMap && rows > 0 ? [heatLegend(column)] : []),
          ],
          details: summaryDetails,
        },
      );
    });
  });
}

/** How the pairs of a matrix become its cells. */
type CellsOf = (answer: Result, pairs: readonly (readonly unknown[])[], at: number) => Cells;

interface Cells {
  readonly column: Omit<ResultColumn, 'name'>;
  readonly cell: (pair: readonly unknown[]) => unknown;
}

/** The measure as it is. */
const plainCells: CellsOf = ({ columns }, _, at) => ({ column: columns[at], cell: (pair) => pair[at] });

const unicode = { shades: [...'░▒▓█'], deny: '✗', part: '±' };
const ascii = { shades: [...'.:+#'], deny: 'x', part: '~' };

/** Access by sign and color, and the size of the measure as a shade: `▓ 3.8 MB`; `░ ✗40`, all 40 denied; `▒ 1.2 kB ±3`, 3 of them denied. */
const heatCells: CellsOf = ({ columns }, pairs, at) => {
  const glyphs = isPlainTerminal() ? ascii : unicode;
  const [flows, denied] = ['flows', 'denied'].map((name) => columns.findIndex((column) => column.name === name));
  const unit = unitOf(columns[at]) ?? 'count';
  const most = Math.max(0, ...pairs.map((pair) => Number(pair[at] ?? 0)));
  return {
    column: { kind: 'text', colorOf: (cell) => heatColor(cell, glyphs) },
    cell: (pair) => {
      const [value, refused] = [pair[at], Number(pair[denied] ?? 0)];
      const isAllDenied = refused > 0 && refused === Number(pair[flows]);
      // A root spreads sizes that are far apart.
      const level = most === 0 ? 0 : Math.ceil(glyphs.shades.length * Math.sqrt(Number(value ?? 0) / most));
      const shade = glyphs.shades[Math.max(0, level - 1)];
      const isCount = columns[at].name === 'flows' || columns[at].name === 'denied';
      const shown = value === null || (isAllDenied && isCount) ? '' : ` ${withUnit(Number(value), unit)}`;
      return `${shade}${shown}${refused > 0 ? ` ${isAllDenied ? glyphs.deny : glyphs.part}${formatCount(refused)}` : ''}`;
    },
  };
};

/** Red if all is denied, yellow if a part is, else green. */
function heatColor(cell: string, { deny, part }: typeof unicode): number | undefined {
  if (cell === '-') return undefined;
  return cell.includes(` ${deny}`) ? 31 : cell.includes(` ${part}`) ? 33 : 32;
}

function heatLegend(column: string): string {
  const { shades, deny, part } = isPlainTerminal() ? ascii : unicode;
  return `${shades.join('')} ${column}, ${deny} denied, ${part} partly`;
}

/** Pairs as a table: one row a value of the first field, one column a value of the second, in their order of size. */
async function crossed(answer: Result, measure: string, cellsOf: CellsOf): Promise<Result> {
  const at = answer.columns.findIndex(({ name }) => name === measure);
  const pairs: (readonly unknown[])[] = [];
  for await (const chunk of answer.chunks) pairs.push(...chunk);
  const { column, cell } = cellsOf(answer, pairs, at);
  const totals = new Map<string, number>();
  for (const row of pairs) totals.set(plainText(row[1]), (totals.get(plainText(row[1])) ?? 0) + Number(row[at] ?? 0));
  const names = [...totals.keys()].sort((a, b) => totals.get(b)! - totals.get(a)!);
  const rows = new Map<string, unknown[]>();
  for (const row of pairs) {
    const key = plainText(row[0]);
    const cells = rows.get(key) ?? [key, ...names.map(() => null)];
    cells[1 + names.indexOf(plainText(row[1]))] = cell(row);
    rows.set(key, cells);
  }
  return {
    columns: [
      { name: answer.columns[0].name, kind: 'text' },
      ...names.map((name) => ({ ...column, name, isValue: true })),
    ],
    chunks: [[...rows.values()]],
  };
}
