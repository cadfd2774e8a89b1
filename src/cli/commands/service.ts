/** Commands that serve, loaded together. */
export * as console from './console.ts';
export * as serve from './serve.ts';
