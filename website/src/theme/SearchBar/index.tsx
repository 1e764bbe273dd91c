import { translate } from '@docusaurus/Translate';
import useBaseUrl from '@docusaurus/useBaseUrl';
import { type ComponentType, type ReactNode, useCallback, useEffect, useState } from 'react';
import type { Props as DialogProps } from '../../components/SearchDialog';
import styles from './styles.module.css';

/**
 * The button that opens the search. It replaces the search bar of the plugin, which every page would load: the code and
 * the index of the search are loaded when a person opens it.
 */
export default function SearchBar(): ReactNode {
  const [Dialog, setDialog] = useState<ComponentType<DialogProps>>();
  const [isOpen, setOpen] = useState(false);
  const searchPage = useBaseUrl('/search/');
  const open = useCallback(() => {
    setOpen(true);
    import('../../components/SearchDialog').then(
      (module) => setDialog(() => module.default),
      (error: unknown) => {
        if (!(error instanceof Error && error.name === 'ChunkLoadError')) throw error;
        window.location.assign(searchPage); // the browser loads the page, or shows what is wrong with the connection
      },
    );
  }, [searchPage]);
  useShortcut(open);
  return (
    <>
      <button
        type="button"
        className={styles.button}
        aria-haspopup="dialog"
        aria-keyshortcuts="Control+K Meta+K"
        onClick={open}
      >
        <svg aria-hidden="true" viewBox="0 0 20 20" width="18" height="18">
          <path d="m14 14 4 4M16 9A7 7 0 1 1 2 9a7 7 0 0 1 14 0Z" />
        </svg>
        <span className={styles.label}>{translate({ id: 'search.open', message: 'Search' })}</span>
      </button>
      {isOpen && Dialog && <Dialog onClose={() => setOpen(false)} />}
    </>
  );
}

/** Calls open on Ctrl+K or Command+K. */
function useShortcut(open: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== 'k')
        return;
      event.preventDefault();
      open();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [open]);
}
