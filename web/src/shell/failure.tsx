import type { ReactNode } from 'react';
import { Component } from 'react';
import { ErrorNote } from '../panels/states.tsx';

/** A fault of one page leaves the shell standing. */
export class Failure extends Component<{ readonly children: ReactNode }, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown): { readonly error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    return error === undefined ? this.props.children : <ErrorNote error={error} />;
  }
}
