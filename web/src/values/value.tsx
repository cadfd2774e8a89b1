import type { ReactNode } from 'react';

export interface ValueProps {
  /** Name of a field of filters. */
  readonly field: string;
  readonly value: string | number | boolean | null;
  /** Instead of the value. */
  readonly children?: ReactNode;
  readonly className?: string;
}

/** A value that can be clicked: values/value-menu.tsx listens for all of them. */
export function Value({ field, value, children, className = '' }: ValueProps): ReactNode {
  return (
    <button
      type="button"
      className={`value ${className}`}
      data-field={field}
      data-value={JSON.stringify(value)}
      aria-haspopup="menu"
    >
      <bdi>{children ?? shownValue(field, value)}</bdi>
    </button>
  );
}

/** As people read it: rules without the prefix of the log. */
export function shownValue(field: string, value: string | number | boolean | null): string {
  if (value === null) return '—';
  const text = String(value);
  return field === 'rule' ? text.replace(/^(?:User|Default)Rule_/, '') : text;
}

/** Counters that nobody counted are not zero. */
export function NotCounted(): ReactNode {
  return (
    <span className="not-counted" title="The log has no counters for it">
      not counted
    </span>
  );
}
