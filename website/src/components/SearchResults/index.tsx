import Link from '@docusaurus/Link';
import { translate } from '@docusaurus/Translate';
import { usePluralForm } from '@docusaurus/theme-common';
import type { MouseEvent, ReactNode } from 'react';
import type { Hit, Part } from './hits';
import styles from './styles.module.css';
import type { Hits } from './useHits';

interface Props {
  readonly query: string;
  readonly found: Hits;
  /** The maximum number of results. */
  readonly limit: number;
  /** The text without a query. */
  readonly hint?: string;
  /** Called when a person follows a link in the same tab. */
  readonly onFollow?: () => void;
}

/** The results of the search: their number, which screen readers announce, and links to the places in the manual. */
export default function SearchResults({ query, found, limit, hint, onFollow }: Props): ReactNode {
  return (
    <>
      <Status query={query} found={found} limit={limit} hint={hint} />
      {query !== '' && found.hits.length > 0 && (
        <ul className={styles.hits}>
          {found.hits.map((hit) => (
            <HitLink key={hit.id} hit={hit} onFollow={onFollow} />
          ))}
        </ul>
      )}
    </>
  );
}

function Status({ query, found: { state, hits }, limit, hint }: Omit<Props, 'onFollow'>): ReactNode {
  const { selectMessage } = usePluralForm();
  const statusText = () => {
    if (process.env.NODE_ENV !== 'production')
      return translate({ id: 'search.development', message: 'The search works in the built site only: make dev.' });
    if (state === 'failed')
      return translate({
        id: 'search.failed',
        message: 'The index of the search could not be loaded. Check your connection and load the page again.',
      });
    if (query === '') return hint;
    if (state !== 'done') return translate({ id: 'search.searching', message: 'Searching …' });
    if (hits.length === 0) return translate({ id: 'search.none', message: 'No results' });
    const count = hits.length;
    if (count === limit) return translate({ id: 'search.best', message: 'The {count} best results' }, { count });
    return selectMessage(count, translate({ id: 'search.count', message: '1 result|{count} results' }, { count }));
  };
  return (
    <p role="status" className={styles.status}>
      {statusText()}
    </p>
  );
}

function HitLink({ hit, onFollow }: { readonly hit: Hit; readonly onFollow: Props['onFollow'] }): ReactNode {
  // A click with one of these keys opens the result in another tab or window.
  const onClick = ({ ctrlKey, metaKey, shiftKey }: MouseEvent) => {
    if (!ctrlKey && !metaKey && !shiftKey) onFollow?.();
  };
  return (
    <li>
      <Link to={hit.url} onClick={onClick}>
        <strong>
          <Parts parts={hit.title} />
        </strong>
        {hit.where && <span className={styles.where}>{hit.where}</span>}
        {hit.text.length > 0 && (
          <span className={styles.text}>
            <Parts parts={hit.text} />
          </span>
        )}
      </Link>
    </li>
  );
}

function Parts({ parts }: { readonly parts: readonly Part[] }): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts have no identity, and their order does not change
  return parts.map(({ text, isMatch }, i) => (isMatch ? <mark key={i}>{text}</mark> : <span key={i}>{text}</span>));
}
