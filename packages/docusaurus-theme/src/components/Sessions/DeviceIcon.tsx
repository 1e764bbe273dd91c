import type { ReactNode } from 'react';
import styles from './styles.module.css';

/** A phone, or a laptop for every other system. */
export default function DeviceIcon({ system }: { readonly system: string }): ReactNode {
  return (
    <svg
      className={styles.icon}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      aria-hidden="true"
    >
      {['iPhone', 'Android', 'iPad'].includes(system) ? (
        <>
          <rect x="6.5" y="2.5" width="11" height="19" rx="2.5" />
          <path d="M10.5 18.5h3" strokeLinecap="round" />
        </>
      ) : (
        <>
          <rect x="4" y="4.5" width="16" height="11" rx="1.8" />
          <path d="M2 19.5h20" strokeLinecap="round" />
        </>
      )}
    </svg>
  );
}
