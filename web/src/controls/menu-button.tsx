import type { ReactNode } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { Button } from './button.tsx';
import type { ButtonProps } from './button.tsx';

export interface MenuEntry {
  readonly id: string;
  readonly label: string;
  readonly detail?: string;
  readonly act: () => void;
}

export interface MenuButtonProps {
  readonly kind?: NonNullable<ButtonProps['kind']>;
  readonly label?: string;
  readonly children: ReactNode;
  readonly entries: readonly MenuEntry[];
}

export function MenuButton({ kind = 'quiet', label, children, entries }: MenuButtonProps): ReactNode {
  return (
    <MenuTrigger>
      <Button kind={kind} {...(label === undefined ? {} : { 'aria-label': label })}>
        {children}
      </Button>
      <Popover className="layer" placement="bottom end">
        <Menu
          className="menu"
          items={entries}
          onAction={(key) => entries.find(({ id }) => id === key)?.act()}
          aria-label={label ?? 'Menu'}
        >
          {({ id, label: text, detail }) => (
            <MenuItem id={id} className="menu-item" textValue={text}>
              <span>{text}</span>
              {detail !== undefined && <span className="term">{detail}</span>}
            </MenuItem>
          )}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
