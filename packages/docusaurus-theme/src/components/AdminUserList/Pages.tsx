import { translate } from '@docusaurus/Translate';
import type { ReactNode } from 'react';
import styles from './styles.module.css';

interface Props {
  readonly page: number;
  readonly count: number;
  readonly onChange: (page: number) => void;
}

/** The buttons for the page before and after. They stay where they are at the ends, so that they keep the focus. */
export default function Pages({ page, count, onChange }: Props): ReactNode {
  if (count <= 1 && page <= 1) return null;
  const go = (to: number, isPossible: boolean) => () => {
    if (isPossible) onChange(to);
  };
  return (
    <nav className={styles.pages} aria-label={translate({ id: 'theme.xenon.admin.pages', message: 'Pages' })}>
      <button
        type="button"
        className="button button--secondary"
        aria-disabled={page <= 1}
        onClick={go(Math.max(1, Math.min(page - 1, count)), page > 1)}
      >
        {translate({ id: 'theme.xenon.admin.pages.previous', message: 'Previous' })}
      </button>
      <span>
        {translate({ id: 'theme.xenon.admin.pages.page', message: 'Page {page} of {count}' }, { page, count })}
      </span>
      <button
        type="button"
        className="button button--secondary"
        aria-disabled={page >= count}
        onClick={go(page + 1, page < count)}
      >
        {translate({ id: 'theme.xenon.admin.pages.next', message: 'Next' })}
      </button>
    </nav>
  );
}
