/** The commands `lake …`. */
export * as stats from './lake-stats.ts';
export * as settle from './lake-settle.ts';
export * as compact from './lake-compact.ts';
export * as vacuum from './lake-vacuum.ts';
export * as retain from './lake-retain.ts';
