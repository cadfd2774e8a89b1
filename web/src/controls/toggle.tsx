import type { ReactNode } from 'react';
import { Switch } from 'react-aria-components';

export interface ToggleProps {
  readonly isSelected: boolean;
  readonly onChange: (isSelected: boolean) => void;
  readonly isDisabled?: boolean;
  readonly children: ReactNode;
}

export function Toggle({ children, ...rest }: ToggleProps): ReactNode {
  return (
    <Switch {...rest} className="switch">
      <span className="track" aria-hidden />
      {children}
    </Switch>
  );
}
