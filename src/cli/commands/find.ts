import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCount } from '../../base/format-count.ts';
import { limits } from '../../base/limits.ts';
import { findField } from '../../query/filter/fields.ts';
import { parseMeasure } from '../../query/measure.ts';
import type { Match } from '../../query/tree.ts';
import { ValueError, valueMatch } from '../../query/filter/value.ts';
import type { AskOptions } from '../question/question.ts';
import { addOutput } from '../output/print.ts';
import { withEngine } from '../question/open-engine.ts';
import { addSource, addTimes, printAnswer, readRange } from '../question/question.ts';
import { parseWhole, readInput, readText } from '../options/options.ts';

interface FindOptions extends AskOptions {
  readonly file?: string;
  readonly limit: string;
}

export function define(command: Command): void {
  command.argument('[address...]', 'addresses, blocks (10.0.0.0/8) or ranges (10.0.0.1-10.0.0.9)');
  command
    .option('--file <file>', 'further addresses, one a line; # begins a comment; - is standard input')
    .option('-n, --limit <n>', 'addresses at the most', '10000');
  addSource(command);
  addTimes(command);
  addOutput(command);
  command.addHelpText(
    'after',
    '\nOf each address that was seen, on either side: when, how often, how much. Over all time but for --from, --to.\n',
  );
  command.action(async (words: string[], options: FindOptions) => {
    const texts = [
      ...words.map((text) => ({ text, from: '' })),
      ...(options.file === undefined ? [] : await readList(options.file)),
    ];
    if (texts.length === 0) throw new FlowError('usage', 'name an address, or a file of addresses: --file FILE');
    if (texts.length > limits.findAddressesMax)
      throw new FlowError('usage', `${texts.length} addresses are more than ${limits.findAddressesMax}`);
    const among = texts.map(readAddress);
    await withEngine(options, async (engine) => {
      await printAnswer(
        engine,
        {
          ask: 'groups',
          range: readRange(options),
          where: { kind: 'test', field: 'ip', any: among },
          axes: [{ by: ['ip'], limit: parseWhole('--limit', options.limit, 1, 1_000_000), among }],
          measures: ['flows', 'denied', 'bytes', 'first', 'last'].map(parseMeasure),
        },
        options,
        {
          below: (rows) => [
            rows === 0
              ? 'none of them was seen'
              : `${rows === 1 ? '1 address was' : `${formatCount(rows)} addresses were`} seen`,
          ],
        },
      );
    });
  });
}

/** What may be an address, and where it stands, for messages. */
interface Listed {
  readonly text: string;
  readonly from: string;
}

/** @throws not-found, usage */
async function readList(path: string): Promise<Listed[]> {
  const text = path === '-' ? await readInput() : await readText(path);
  return text
    .split(/\r?\n/)
    .map((line, i) => ({
      text: line.replace(/#.*/, '').trim(),
      from: `${path === '-' ? 'standard input' : path}, line ${i + 1}: `,
    }))
    .filter((listed) => listed.text !== '');
}

/** @throws usage */
function readAddress({ text, from }: Listed): Match {
  try {
    return valueMatch(findField('ip')!, text, true, 0);
  } catch (error) {
    if (error instanceof ValueError) throw new FlowError('usage', from + error.message);
    throw error;
  }
}
