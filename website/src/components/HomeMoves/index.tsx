import Link from '@docusaurus/Link';
import Translate, { translate } from '@docusaurus/Translate';
import Heading from '@theme/Heading';
import type { ReactNode } from 'react';
import styles from './styles.module.css';

/** Lists what an import from Supabase copies, what it does not change, and what it cannot copy. */
export default function HomeMoves(): ReactNode {
  return (
    <section aria-labelledby="moves">
      <Heading as="h2" id="moves">
        <Translate id="home.moves.title">Import from Supabase: what moves, what stays</Translate>
      </Heading>
      <div className={styles.columns}>
        <Column title={translate({ id: 'home.moves.along', message: 'Moves' })} items={along()} />
        <Column title={translate({ id: 'home.moves.stays', message: 'Stays as it is' })} items={stays()} />
        <Column title={translate({ id: 'home.moves.behind', message: 'Does not move' })} items={behind()} />
      </div>
      <p className={styles.more}>
        <Link to="/docs/migrate/">
          <Translate id="home.moves.more">The whole import, including how to go back</Translate>
        </Link>
      </p>
    </section>
  );
}

function Column({ title, items }: { readonly title: string; readonly items: readonly string[] }): ReactNode {
  return (
    <div className={styles.column}>
      <Heading as="h3">{title}</Heading>
      <ul>
        {items.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ul>
    </div>
  );
}

function along(): string[] {
  return [
    translate({ id: 'home.moves.along.ids', message: 'Ids and e-mail addresses' }),
    translate({
      id: 'home.moves.along.passwords',
      message: 'Password hashes: users keep their passwords',
    }),
    translate({ id: 'home.moves.along.accounts', message: 'Linked accounts and learner profiles' }),
    translate({ id: 'home.moves.along.bans', message: 'Bans: banned users stay banned' }),
  ];
}

function stays(): string[] {
  return [
    translate({ id: 'home.moves.stays.source', message: 'Supabase: the import only reads it' }),
    translate({ id: 'home.moves.stays.changed', message: 'Rows that changed in Xenon after the copy' }),
    translate({ id: 'home.moves.stays.back', message: 'The possibility to roll back, until you finalize the run' }),
  ];
}

function behind(): string[] {
  return [
    translate({ id: 'home.moves.behind.sessions', message: 'Sessions: all users sign in once more' }),
    translate({ id: 'home.moves.behind.factors', message: 'Second factors and passkeys, kept in the quarantine' }),
    translate({ id: 'home.moves.behind.sso', message: 'SAML, wallets, tokens of social providers' }),
  ];
}
