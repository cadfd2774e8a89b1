import type { Command } from 'commander';
import { withEngine } from '../question/open-engine.ts';
import { printAnswer, readRange, whereOf } from '../question/question.ts';
import type { GroupOptions } from '../options/group-options.ts';
import {
  addGroups,
  readFields,
  readMeasures,
  readPeriods,
  summaryDetails,
  summaryParts,
  showOther,
} from '../options/group-options.ts';
import { parseWhole } from '../options/options.ts';
import { showCompared } from '../output/compared-table.ts';

interface TopOptions extends GroupOptions {
  readonly by: string;
  readonly limit: string;
  readonly other?: boolean;
}

const metricDefault = 'bytes,flows,packets';

export function define(command: Command): void {
  addGroups(command, metricDefault);
  command
    .option('--by <fields>', 'fields to group by, with commas: src.ip,dst.port; ip and port mean either side', 'src.ip')
    .option('-n, --limit <n>', 'groups at the most', '10')
    .option('--other', 'one more row for all further groups');
  command.addHelpText(
    'after',
    `
Examples:
  nsgflow top --by ip --metric bytes,distinct:dst.port --lake ./lake
  nsgflow top --by dst.port --metric denied access = deny --from 1d --compare --lake ./lake
`,
  );
  command.action(async (words: string[], options: TopOptions) => {
    const axis = {
      by: readFields('--by', options.by),
      limit: parseWhole('--limit', options.limit, 1, 1_000_000),
      other: options.other === true,
    };
    // A comparison has four columns for each measure.
    const isLong = options.compare !== undefined && options.metric === metricDefault;
    const measures = readMeasures(isLong ? 'bytes' : options.metric);
    const selection = { ...readPeriods(readRange(options), options), ...whereOf(words) };
    await withEngine(options, async (engine) => {
      await printAnswer(
        engine,
        { ...selection, ask: 'groups', axes: [axis], measures, observations: options.observations === true },
        options,
        { show: (answer) => showOther(showCompared(answer)), below: summaryParts, details: summaryDetails },
      );
    });
  });
}
