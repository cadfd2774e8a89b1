import type { Command } from 'commander';
import type { GroupOptions } from '../options/group-options.ts';
import { addGroups, readFields, readMeasures, readPeriods } from '../options/group-options.ts';
import { parseWhole } from '../options/options.ts';
import { showChanges } from '../output/compared-table.ts';
import { formatTime } from '../../base/time.ts';
import { withEngine } from '../question/open-engine.ts';
import { printAnswer, readRange, whereOf } from '../question/question.ts';

interface ChangesOptions extends GroupOptions {
  readonly by: string;
  readonly limit: string;
}

const sinceDefault = '1d';

export function define(command: Command): void {
  addGroups(command, 'bytes');
  command
    .option('--by <fields>', 'what a group is, with commas', 'src.ip,dst.ip,dst.port')
    .option('-n, --limit <n>', 'groups at the most', '20');
  command.addHelpText(
    'after',
    `
Compares the time since --since (default: ${sinceDefault}) with the period before it, which is as long. --compare 7d compares with the
same time a week earlier. A group is new, gone, up or down by the first measure; the largest differences come first.
Denied conversations have no bytes: --metric flows orders them, too.

Examples:
  nsgflow changes --since 1d --lake ./lake
  nsgflow changes access = deny --since 1h --metric flows --lake ./lake
  nsgflow changes --by dst.port --since 1d --compare 7d --lake ./lake
`,
  );
  command.action(async (words: string[], options: ChangesOptions) => {
    const axis = { by: readFields('--by', options.by), limit: parseWhole('--limit', options.limit, 1, 1_000_000) };
    const isOpen = options.from === undefined && options.since === undefined;
    const asked = readRange(isOpen ? { ...options, from: sinceDefault } : options);
    const periods = readPeriods(asked, { ...options, compare: options.compare ?? true });
    await withEngine(options, async (engine) => {
      const { range = {}, compareMillis = 0 } = periods;
      const day = formatTime(range.start ?? 0).slice(0, 10);
      // The day is said once.
      const span = (shift: number, said?: string): string => {
        let date = said;
        return [range.start, range.end]
          .map((time = 0) => {
            const [own, clock] = formatTime(time - shift)
              .slice(0, 16)
              .split('T');
            const text = own === date ? clock : `${own} ${clock}`;
            date = own;
            return text;
          })
          .join(' to ');
      };
      await printAnswer(
        engine,
        {
          ...periods,
          ...whereOf(words),
          ask: 'groups',
          axes: [axis],
          measures: readMeasures(options.metric),
          observations: options.observations === true,
          changes: true,
        },
        options,
        {
          show: showChanges,
          below: (rows) => [
            ...(rows === 0 ? ['nothing changed'] : []),
            `${span(0)} against ${span(compareMillis, day)} UTC`,
          ],
        },
      );
    });
  });
}
