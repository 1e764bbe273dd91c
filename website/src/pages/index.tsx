import { translate } from '@docusaurus/Translate';
import HomeClient from '@site/src/components/HomeClient';
import HomeError from '@site/src/components/HomeError';
import HomeHero from '@site/src/components/HomeHero';
import HomeImport from '@site/src/components/HomeImport';
import HomeProofs from '@site/src/components/HomeProofs';
import Layout from '@theme/Layout';
import type { ReactNode } from 'react';
import styles from './index.module.css';

/** The home page. */
export default function Home(): ReactNode {
  return (
    <Layout
      title={translate({ id: 'home.head.title', message: 'Sign-in for static sites, on your own Postgres' })}
      description={translate({
        id: 'home.head.description',
        message:
          'A Go backend on AWS Lambda and Neon that works with the stock better-auth client, unpatched. Users from ' +
          'Supabase keep their passwords.',
      })}
    >
      <main className={styles.home}>
        <HomeError />
        <HomeHero />
        <HomeClient />
        <HomeProofs />
        <HomeImport />
      </main>
    </Layout>
  );
}
