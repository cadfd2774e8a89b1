import { expect, test } from 'vitest';
import { describeApi } from '../../../src/server/api/openapi.ts';
import { apiRoutes } from '../../../src/server/api/routes.ts';

/** To update it: `npx vitest run test/server/api/openapi.test.ts -u`. */
test('openapi/api.json describes each route of the console, and needs a sign-in for all but one', async () => {
  const description = describeApi() as { paths: Record<string, Record<string, { security: unknown[] }>> };
  const operations = Object.values(description.paths).flatMap((path) => Object.values(path));
  expect(operations.length).toBe(apiRoutes.length);
  expect(operations.filter(({ security }) => security.length === 0).length).toBe(1);
  await expect(`${JSON.stringify(description, undefined, 2)}\n`).toMatchFileSnapshot('../../../openapi/api.json');
});
