import type { ReactNode, Ref } from 'react';
import type { ButtonProps as AriaButtonProps } from 'react-aria-components';
import { Button as AriaButton } from 'react-aria-components';

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'children' | 'style'> {
  readonly kind?: 'quiet' | 'bordered' | 'primary' | 'danger' | 'icon';
  readonly children: ReactNode;
  readonly ref?: Ref<HTMLButtonElement>;
}

export function Button({ kind = 'bordered', ...rest }: ButtonProps): ReactNode {
  return <AriaButton {...rest} className={`button button-${kind}`} />;
}
