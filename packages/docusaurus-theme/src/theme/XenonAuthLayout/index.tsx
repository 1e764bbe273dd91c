import Head from '@docusaurus/Head';
import Translate from '@docusaurus/Translate';
import { useBaseUrlUtils } from '@docusaurus/useBaseUrl';
import Layout from '@theme/Layout';
import ThemedImage from '@theme/ThemedImage';
import { type Logo, site } from '@xenon-auth/docusaurus-theme/internal/client/site';
import clsx from 'clsx';
import { type ReactNode, useEffect, useRef } from 'react';
import styles from './styles.module.css';

interface Props {
  readonly title: string;
  readonly intro?: ReactNode;
  /** The description for search engines and previews. The default is `intro`, if it is a text. */
  readonly description?: string;
  /** For pages with more than one form. */
  readonly wide?: boolean;
  readonly children: ReactNode;
}

/** The frame of all pages of the theme: the title, robots noindex, and a note for browsers without JavaScript. */
export default function AuthLayout({ title, intro, description, wide, children }: Props): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(title);
  // A new title means new content without a navigation. The heading takes the focus, so that screen readers announce
  // it.
  useEffect(() => {
    if (shown.current !== title) heading.current?.focus();
    shown.current = title;
  }, [title]);
  const summary = description ?? (typeof intro === 'string' ? intro : undefined);
  return (
    <Layout title={title} {...(summary && { description: summary })} wrapperClassName={clsx(styles.wrapper)}>
      <Head>
        <meta name="robots" content="noindex" />
      </Head>
      <main className={clsx(styles.page, wide ? styles.wide : styles.card)}>
        {site.logo && <Picture {...site.logo} />}
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {intro && <p className={styles.intro}>{intro}</p>}
        <noscript>
          <p className={styles.noscript}>
            <Translate id="theme.xenon.auth.noscript">
              This page needs JavaScript, because it calls the API from your browser. You can read the documentation
              without it.
            </Translate>
          </p>
        </noscript>
        {children}
      </main>
    </Layout>
  );
}

function Picture({ src, srcDark = src, alt = '', ...size }: Logo): ReactNode {
  const { withBaseUrl } = useBaseUrlUtils();
  const sources = { light: withBaseUrl(src), dark: withBaseUrl(srcDark) };
  return <ThemedImage className={clsx(styles.logo)} sources={sources} alt={alt} {...size} />;
}
