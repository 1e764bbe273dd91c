import Head from '@docusaurus/Head';
import { useLocation } from '@docusaurus/router';
import { translate } from '@docusaurus/Translate';
import useIsBrowser from '@docusaurus/useIsBrowser';
import SearchField from '@site/src/components/SearchField';
import SearchResults from '@site/src/components/SearchResults';
import { useHits } from '@site/src/components/SearchResults/useHits';
import Heading from '@theme/Heading';
import Layout from '@theme/Layout';
import type { ReactNode } from 'react';
import styles from './styles.module.css';

const maxResults = 100;

/** All results for the query in the URL. This page replaces the page of the plugin, which has no main element. */
export default function SearchPage(): ReactNode {
  const title = translate({ id: 'search.title', message: 'Search the manual' });
  const description = translate({ id: 'search.description', message: 'All pages of the manual that have your words.' });
  return (
    <Layout title={title} description={description}>
      <Head>
        <meta name="robots" content="noindex, follow" />
      </Head>
      <main className="container container--fluid margin-vert--lg">
        <div className={styles.page}>
          <Heading as="h1">{title}</Heading>
          <Content />
        </div>
      </main>
    </Layout>
  );
}

function Content(): ReactNode {
  const { search } = useLocation();
  const query = (useIsBrowser() && new URLSearchParams(search).get('q')?.trim()) || '';
  return (
    <>
      <form className={styles.form}>
        <SearchField key={query} name="q" defaultValue={query} />
        <button type="submit" className="button button--primary">
          {translate({ id: 'search.open', message: 'Search' })}
        </button>
      </form>
      <SearchResults query={query} found={useHits(query, maxResults)} limit={maxResults} />
    </>
  );
}
