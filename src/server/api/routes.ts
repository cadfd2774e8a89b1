import type { Route } from './route.ts';
import { sessionRoutes } from './session-routes.ts';

/** All routes of the console's API. */
export const apiRoutes: readonly Route[] = [...sessionRoutes];
