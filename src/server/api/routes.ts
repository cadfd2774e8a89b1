import { blobRoutes } from './flow-logs/blob-routes.ts';
import { adviceRoutes } from './flow-logs/advice-routes.ts';
import { nsgRoutes } from './flow-logs/nsg-routes.ts';
import { sourceRoutes } from './sources/source-routes.ts';
import { viewRoutes } from './view-routes.ts';
import { flowLogRoutes } from './flow-logs/flow-log-routes.ts';
import { askRoutes } from './questions/ask-routes.ts';
import { writeRoutes } from './questions/write-routes.ts';
import type { Route } from './route.ts';
import { sessionRoutes } from './session-routes.ts';

/** All routes of the console's API. */
export const apiRoutes: readonly Route[] = [
  ...sessionRoutes,
  ...askRoutes,
  ...writeRoutes,
  ...flowLogRoutes,
  ...adviceRoutes,
  ...blobRoutes,
  ...nsgRoutes,
  ...sourceRoutes,
  ...viewRoutes,
];
