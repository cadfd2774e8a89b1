import { expect, test } from 'vitest';
import { completeFilter } from '../../../src/query/filter/complete-filter.ts';

const live = (field: { readonly name: string }): Promise<readonly string[]> =>
  Promise.resolve(
    field.name === 'rule' ? ['UserRule_AllowHttp', 'UserRule_Deny all', 'DefaultRule_DenyAllInBound'] : [],
  );

test.each([
  ['dst.po', 0, ['dst.port']],
  ['access = ', 9, ['allow', 'deny', 'null']],
  ['access = de', 9, ['deny']],
  ['access = deny ', 14, ['and', 'or']],
  ['access = deny and not src.po', 22, ['src.port']],
  ['access ', 7, ['in', 'not', 'like', '=', '!=', '~', '!~']],
  ['dst.port in (22, r', 17, ['rdp', 'redis']],
  ['dst.port in (22) ', 17, ['and', 'or']],
  ['rule = user', 7, ['UserRule_AllowHttp']],
  ['(rule = Def', 8, ['DefaultRule_DenyAllInBound']],
  ['rule = "open', 12, []],
  ['ho', 0, ['host']],
  ['tcp ', 4, ['and', 'or']],
  ['portrange 1-9 ', 14, ['and', 'or']],
  ['', 0, undefined],
])('%j is completed', async (text, start, words) => {
  const completion = await completeFilter(text, live);
  expect(completion.start).toBe(start);
  if (words !== undefined) expect(completion.words).toEqual(words);
  else expect(completion.words).toContain('src.ip');
});
