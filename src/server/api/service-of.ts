import { assert } from '../../base/assert.ts';
import type { ApiContext, ServiceParts } from './context.ts';

/** The parts of the service, for routes that need it: api.ts has checked that they are there. */
export function serviceOf({ service }: ApiContext): ServiceParts {
  const parts = service();
  assert(parts !== undefined, 'a route that needs the service is not called without it');
  return parts;
}
