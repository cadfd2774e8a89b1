/** Deployments of templates as they are stored: what was deployed when, and the outputs. deploy.ts runs them. */
import { Type } from 'typebox';
import { defineType, resourceSchema } from '../resources/resource-type.ts';
import { words } from '../resources/schema.ts';

export const deploymentType = 'Microsoft.Resources/deployments';

export const deployment = defineType({
  type: deploymentType,
  scope: 'group',
  name: {
    pattern: /^[-\w._()]{1,64}$/,
    rule: 'has 1 to 64 letters, digits, underscores, hyphens, periods and parentheses.',
  },
  location: 'none',
  schema: resourceSchema(
    Type.Object({
      mode: words(['Incremental', 'Complete'], { default: 'Incremental' }),
      template: Type.Optional(Type.Object({})),
      parameters: Type.Optional(Type.Object({})),
    }),
  ),
  deleteStatus: 204,
  changes: 'nothing',
  patch: 'none',
  complete: ({ properties }) => ({ properties }),
});
