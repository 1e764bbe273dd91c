import Link from '@docusaurus/Link';
import Translate, { translate } from '@docusaurus/Translate';
import Heading from '@theme/Heading';
import type { ReactNode } from 'react';
import styles from './styles.module.css';

/** Lists what an import from Supabase copies, what it does not change, and what it cannot copy. */
export default function HomeImport(): ReactNode {
  return (
    <section aria-labelledby="import">
      <Heading as="h2" id="import">
        <Translate id="home.import.title">What the import from Supabase copies</Translate>
      </Heading>
      <div className={styles.columns}>
        <Column title={translate({ id: 'home.import.copied', message: 'Copied' })} items={copiedItems()} />
        <Column title={translate({ id: 'home.import.unchanged', message: 'Not changed' })} items={unchangedItems()} />
        <Column title={translate({ id: 'home.import.notCopied', message: 'Not copied' })} items={notCopiedItems()} />
      </div>
      <p className={styles.more}>
        <Link to="/docs/migrate/">
          <Translate id="home.import.more">How the import works, and how to roll it back</Translate>
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

function copiedItems(): string[] {
  return [
    translate({ id: 'home.import.copied.ids', message: 'Ids and e-mail addresses' }),
    translate({
      id: 'home.import.copied.passwords',
      message: 'Password hashes: users keep their passwords',
    }),
    translate({ id: 'home.import.copied.accounts', message: 'Linked accounts and learner profiles' }),
    translate({ id: 'home.import.copied.bans', message: 'Bans: banned users stay banned' }),
  ];
}

function unchangedItems(): string[] {
  return [
    translate({ id: 'home.import.unchanged.source', message: 'Supabase: the import only reads it' }),
    translate({ id: 'home.import.unchanged.changed', message: 'Rows that changed in Xenon after the copy' }),
    translate({ id: 'home.import.unchanged.back', message: 'The option to roll back, until you finalize the run' }),
  ];
}

function notCopiedItems(): string[] {
  return [
    translate({ id: 'home.import.notCopied.sessions', message: 'Sessions: all users sign in once more' }),
    translate({ id: 'home.import.notCopied.factors', message: 'Second factors and passkeys, kept in the quarantine' }),
    translate({ id: 'home.import.notCopied.sso', message: 'SAML and wallet accounts, tokens of social providers' }),
  ];
}
