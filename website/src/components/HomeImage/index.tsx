import type { ReactNode } from 'react';
import styles from './styles.module.css';

const arches = [0, 1, 2, 3, 4] as const;

/** The image of the home page: arches one behind the other, and a particle. Hidden from screen readers. */
export default function HomeImage(): ReactNode {
  return (
    <svg className={styles.image} viewBox="0 0 420 440" aria-hidden="true" focusable="false">
      <defs>
        <radialGradient id="home-image-light">
          <stop offset="0" className={styles.lightInner} />
          <stop offset="1" className={styles.lightOuter} />
        </radialGradient>
      </defs>
      <ellipse cx="210" cy="262" rx="205" ry="178" fill="url(#home-image-light)" />
      {arches.map((depth) => (
        <path key={depth} className={styles[`arch${depth}`]} d={archPath(depth)} />
      ))}
      <path className={styles.ground} d="M20 420H400" />
      <ellipse className={styles.orbit} cx="210" cy="285" rx="46" ry="17" transform="rotate(-24 210 285)" />
      <circle className={styles.halo} cx="210" cy="285" r="40" fill="url(#home-image-light)" />
      <circle className={styles.particle} cx="210" cy="285" r="11" />
    </svg>
  );
}

/** The SVG path of an arch. A greater depth makes it smaller. */
function archPath(depth: number): string {
  const half = 165 - depth * 26;
  const spring = 190 + depth * 22;
  return `M${210 - half} 420V${spring}a${half} ${half} 0 0 1 ${2 * half} 0V420`;
}
