import type { ReactNode } from 'react';
import { logos } from './logos';
import styles from './styles.module.css';

/** The logo of a provider. Hidden from screen readers: a name is next to it. */
export default function ProviderLogo({ id }: { readonly id: string }): ReactNode {
  const { size, shapes } = (Object.hasOwn(logos, id) ? logos[id] : undefined) ?? logos.other;
  return (
    <svg className={styles.logo} viewBox={`0 0 ${size} ${size}`} aria-hidden="true" focusable="false">
      {shapes.map(({ d, fill = 'currentColor' }) => (
        <path key={d} d={d} fill={fill} />
      ))}
    </svg>
  );
}
