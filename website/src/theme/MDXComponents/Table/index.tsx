import { translate } from '@docusaurus/Translate';
import { type ComponentProps, type ReactNode, useEffect, useRef, useState } from 'react';
import styles from './styles.module.css';

/** A table in a frame of its own, which scrolls where the page is narrower; then the keyboard reaches it, too. */
export default function Table(props: ComponentProps<'table'>): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const box = frame.current;
    if (!box) return;
    const observer = new ResizeObserver(() => setScrolls(box.scrollWidth > box.clientWidth));
    for (const one of [box, ...box.children]) observer.observe(one); // a font that comes late widens the table alone
    return () => observer.disconnect();
  }, []);
  const reachable = scrolls
    ? {
        tabIndex: 0,
        role: 'group',
        'aria-label': translate({ id: 'table.scrolls', message: 'Table, scrolls sideways' }),
      }
    : {};
  return (
    <div ref={frame} className={styles.frame} {...reachable}>
      <table {...props} />
    </div>
  );
}
