/** The commands about rules: `rules …` and `whatif`. */
export * as list from './rules-list.ts';
export * as lint from './rules-lint.ts';
export * as whatif from './whatif.ts';
