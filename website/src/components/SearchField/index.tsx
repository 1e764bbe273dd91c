import { translate } from '@docusaurus/Translate';
import type { ComponentProps, ReactNode } from 'react';
import styles from './styles.module.css';

type Props = Pick<ComponentProps<'input'>, 'value' | 'onChange' | 'defaultValue' | 'name'>;

/** The field for the words to search for. */
export default function SearchField(props: Props): ReactNode {
  return (
    <input
      {...props}
      className={styles.field}
      aria-label={translate({ id: 'search.field', message: 'Words to search for' })}
      autoComplete="off"
      spellCheck={false}
      enterKeyHint="search"
    />
  );
}
