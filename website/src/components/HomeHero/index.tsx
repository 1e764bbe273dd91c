import Link from '@docusaurus/Link';
import Translate from '@docusaurus/Translate';
import HomeImage from '@site/src/components/HomeImage';
import HomeLive from '@site/src/components/HomeLive';
import Heading from '@theme/Heading';
import type { ReactNode } from 'react';
import styles from './styles.module.css';

/** Describes Xenon and shows live responses of the API. */
export default function HomeHero(): ReactNode {
  return (
    <header className={styles.hero}>
      <div className={styles.words}>
        <Heading as="h1" className={styles.title}>
          <Translate id="home.title">Sign-in for static sites, on your own Postgres</Translate>
        </Heading>
        <p className={styles.lead}>
          <Translate id="home.lead" values={{ client: <span className={styles.name}>better-auth</span> }}>
            {'Xenon is a Go backend on AWS Lambda and Neon that works with the unmodified {client} client. ' +
              'Users that you import from Supabase keep their passwords.'}
          </Translate>
        </p>
        <p className={styles.actions}>
          <Link className="button button--primary button--lg" to="/docs/getting-started/">
            <Translate id="home.start">Get started</Translate>
          </Link>
          <Link className={styles.second} to="/docs/migrate/">
            <Translate id="home.hero.import">Import from Supabase</Translate>
          </Link>
        </p>
      </div>
      <div className={styles.image}>
        <HomeImage />
      </div>
      <HomeLive />
    </header>
  );
}
