import Link from '@docusaurus/Link';
import { useHistory, useLocation } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import useBaseUrl from '@docusaurus/useBaseUrl';
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import SearchField from '../SearchField';
import SearchResults from '../SearchResults';
import { type Hits, useHits } from '../SearchResults/useHits';
import styles from './styles.module.css';

const maxResults = 10;

export interface Props {
  /** Called when the dialog is closed. */
  readonly onClose: () => void;
}

/** The search of the manual: a field, and links to the places that were found. */
export default function SearchDialog({ onClose }: Props): ReactNode {
  const box = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState('');
  const query = text.trim();
  const found = useHits(query, maxResults);
  const page = useBaseUrl('/search/');
  useEffect(() => box.current?.showModal(), []); // moves the focus to the field
  const close = () => box.current?.close(); // returns the focus to the element that had it
  useCloseOnNavigation(close);
  const onSubmit = useOpenFirst(found, close);
  return (
    <dialog
      ref={box}
      className={styles.dialog}
      aria-label={translate({ id: 'search.title', message: 'Search the manual' })}
      onClose={onClose}
      onKeyDown={moveFocus}
    >
      <form className={styles.form} onSubmit={onSubmit}>
        <SearchField value={text} onChange={(event) => setText(event.target.value)} />
        <button type="button" className="button button--secondary" onClick={close}>
          {translate({ id: 'search.close', message: 'Close' })}
        </button>
      </form>
      <SearchResults
        query={query}
        found={found}
        limit={maxResults}
        hint={translate({ id: 'search.hint', message: 'Enter opens the first result.' })}
        onFollow={close}
      />
      {query !== '' && found.hits.length > 0 && (
        <Link className={styles.all} to={`${page}?${new URLSearchParams({ q: query })}`} onClick={close}>
          {translate({ id: 'search.all', message: 'All results' })}
        </Link>
      )}
    </dialog>
  );
}

/** Closes the dialog if the page changes behind it, for example with the browser's button "back". */
function useCloseOnNavigation(close: () => void): void {
  const location = useLocation();
  const first = useRef(location);
  useEffect(() => {
    if (location !== first.current) close();
  });
}

/** Returns a handler of the form. It opens the first result, as soon as there are results for the submitted query. */
function useOpenFirst({ state, hits }: Hits, close: () => void): (event: { preventDefault: () => void }) => void {
  const history = useHistory();
  const [isSubmitted, setSubmitted] = useState(false);
  const first = state === 'done' ? hits[0] : undefined;
  useEffect(() => {
    if (!isSubmitted || state !== 'done') return;
    setSubmitted(false);
    if (!first) return;
    close();
    history.push(first.url);
  }, [isSubmitted, state, first, close, history]);
  return (event) => {
    event.preventDefault();
    setSubmitted(true);
  };
}

/** The arrow keys move the focus between the field and the links. */
function moveFocus(event: KeyboardEvent<HTMLDialogElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>('input, a')];
  const next = stops[stops.findIndex((stop) => stop.matches(':focus')) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
