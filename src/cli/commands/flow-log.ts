/** The commands `flow-log …`. */
export * as coverage from './flow-log-coverage.ts';
export * as create from './flow-log-create.ts';
export * as remove from './flow-log-delete.ts';
export * as list from './flow-log-list.ts';
export * as migrate from './flow-log-migrate.ts';
export * as show from './flow-log-show.ts';
export * as update from './flow-log-update.ts';
