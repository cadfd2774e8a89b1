/** The table of template functions, by name in lower case. `lambda` is not in it: it is valid only as an argument. */
import type { FunctionTable } from './call.ts';
import { collectionFunctions } from './collection-functions.ts';
import { deploymentFunctions } from './deployment-functions.ts';
import { logicFunctions } from './logic-functions.ts';
import { textFunctions } from './text-functions.ts';

export const templateFunctions: FunctionTable = {
  ...textFunctions,
  ...collectionFunctions,
  ...logicFunctions,
  ...deploymentFunctions,
};
