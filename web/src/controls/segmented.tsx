import type { ReactNode } from 'react';
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';

export interface Option<Id extends string> {
  readonly id: Id;
  readonly label: ReactNode;
  readonly name?: string;
}

export interface SegmentedProps<Id extends string> {
  readonly label: string;
  readonly value: Id;
  readonly onChange: (value: Id) => void;
  readonly options: readonly Option<Id>[];
}

/** One of a few. */
export function Segmented<Id extends string>({ label, value, onChange, options }: SegmentedProps<Id>): ReactNode {
  return (
    <ToggleButtonGroup
      className="segmented"
      aria-label={label}
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys) => {
        const chosen = options.find(({ id }) => keys.has(id));
        if (chosen !== undefined) onChange(chosen.id);
      }}
    >
      {options.map(({ id, label: shown, name }) => (
        <ToggleButton key={id} id={id} {...(name === undefined ? {} : { 'aria-label': name })}>
          {shown}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
