import { expect, test } from 'vitest';
import { tellingProgress } from '../../src/cli/question/telling-progress.ts';
import type { Engine } from '../../src/query/engine/engine.ts';
import { ask, withRecords } from '../query/ask.ts';

test('the line of progress is there while a question runs, and gone before its first row', async () => {
  const said: string[] = [];
  const open = (): ReturnType<NonNullable<Parameters<typeof tellingProgress>[1]>> => ({
    isShown: true,
    update: (done, total) => void said.push(`${done}/${total}`),
    end: () => void said.push('end'),
  });
  await withRecords(
    [{ tuples: [{ time: Date.parse('2023-11-14T10:00:00Z'), src: '10.0.0.1', dst: '10.0.0.2' }] }],
    async (engine) => {
      const counting: Engine = {
        ...engine,
        ask: async (query, settings) => {
          settings?.onProgress?.(1, 2);
          // Without the engine's own progress, which comes by a timer.
          const answer = await engine.ask(query, { ...settings, onProgress: undefined });
          settings?.onProgress?.(2, 2);
          return answer;
        },
        sql: (text, settings) => engine.sql(text, { ...settings, onProgress: undefined }),
        close: () => engine.close(),
      };
      const rows = await ask(tellingProgress(counting, open), { ask: 'conversations' });
      expect(rows).toHaveLength(1);
      expect(said).toEqual(['1/2', '2/2', 'end']);
      said.length = 0;
      await expect(ask(tellingProgress(counting, open), 'select nope')).rejects.toMatchObject({ code: 'sql-failed' });
      expect(said).toEqual(['end']);
    },
  );
});
