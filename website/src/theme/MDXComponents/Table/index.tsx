import { translate } from '@docusaurus/Translate';
import { type ComponentProps, type ReactNode, useEffect, useRef, useState } from 'react';
import styles from './styles.module.css';

/**
 * A table in a scroll frame. In the static HTML the frame can receive the keyboard focus; after its width is known, a
 * frame that does not scroll is removed from the tab order.
 */
export default function Table(props: ComponentProps<'table'>): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const [scrolls, setScrolls] = useState(true);
  useEffect(() => {
    const box = frame.current;
    if (!box) return;
    const observer = new ResizeObserver(() => setScrolls(box.scrollWidth > box.clientWidth));
    // A font that loads late changes only the table's width.
    for (const one of [box, ...box.children]) observer.observe(one);
    return () => observer.disconnect();
  }, []);
  const focusable = scrolls
    ? {
        tabIndex: 0,
        role: 'group',
        'aria-label': translate({ id: 'table.scrolls', message: 'Table, scrolls sideways' }),
      }
    : {};
  return (
    <div ref={frame} className={styles.frame} {...focusable}>
      <table {...props} />
      <span hidden /> {/* styles.module.css hides the table until this element is parsed */}
    </div>
  );
}
