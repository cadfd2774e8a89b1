import { useMemo } from 'react';
import { useLocation, useSearch } from 'wouter';
import type { Parameters, ReadParameters } from './parameters.ts';
import { pageAddress, readParameters, writeParameters } from './parameters.ts';

export interface PageParameters extends ReadParameters {
  /** Changes the address: a new entry of the history, or the same one. */
  readonly change: (changes: Partial<Parameters>, how?: 'push' | 'replace') => void;
  /** The address of another page with the range and the filter of this one. */
  readonly addressOf: (path: string, changes?: Partial<Parameters>) => string;
  readonly go: (path: string, changes?: Partial<Parameters>) => void;
}

export function useParameters(): PageParameters {
  const search = useSearch();
  const [path, navigate] = useLocation();
  return useMemo(() => {
    const read = readParameters(search);
    const addressOf = (target: string, changes?: Partial<Parameters>): string =>
      pageAddress(target, read.values, changes);
    return {
      ...read,
      change: (changes, how = 'push') =>
        navigate(path + writeParameters({ ...read.values, ...changes }), { replace: how === 'replace' }),
      addressOf,
      go: (target, changes) => navigate(addressOf(target, changes)),
    };
  }, [search, path, navigate]);
}
