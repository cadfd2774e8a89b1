/** The commands `blob …`. */
export * as blocks from './blob-blocks.ts';
export * as list from './blob-list.ts';
export * as show from './blob-show.ts';
