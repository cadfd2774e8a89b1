/** Examples of each command, without `nsgflow`; test/cli/examples.test.ts runs each. */
export const examples: Readonly<Record<string, readonly string[]>> = {};
