import Head from '@docusaurus/Head';
import Translate from '@docusaurus/Translate';
import Layout from '@theme/Layout';
import clsx from 'clsx';
import { type ReactNode, useEffect, useRef } from 'react';
import styles from './styles.module.css';

interface Props {
  readonly title: string;
  readonly intro?: ReactNode;
  /** For pages with more than one form. */
  readonly wide?: boolean;
  readonly children: ReactNode;
}

/** A page for people, not for search engines: one card in the middle, and a word for those without JavaScript. */
export default function AuthPage({ title, intro, wide, children }: Props): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(title);
  // Another title is another screen, without a page change that would be announced.
  useEffect(() => {
    if (shown.current !== title) heading.current?.focus();
    shown.current = title;
  }, [title]);
  return (
    <Layout title={title}>
      <Head>
        <meta name="robots" content="noindex" />
      </Head>
      <main className={clsx(styles.page, wide ? styles.wide : styles.card)}>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {intro && <p className={styles.intro}>{intro}</p>}
        <noscript>
          <p className={styles.noscript}>
            <Translate id="auth.noscript">
              This page needs JavaScript, because the site itself is only files. The documentation can be read without
              it.
            </Translate>
          </p>
        </noscript>
        {children}
      </main>
    </Layout>
  );
}
