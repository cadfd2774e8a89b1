/** The commands `config …`. */
export * as show from './config-show.ts';
export * as check from './config-check.ts';
