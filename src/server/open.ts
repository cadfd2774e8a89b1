/** What commands open: loaded together, an installation has fewer files. */
export { openLakeConsole } from './api/lake-console.ts';
export { formatEnvironment, readEnvironment } from './environment.ts';
export { openService, shellAccess } from './service.ts';
