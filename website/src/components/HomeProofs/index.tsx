import Link from '@docusaurus/Link';
import Translate, { translate } from '@docusaurus/Translate';
import { usePluginData } from '@docusaurus/useGlobalData';
import type { Counts } from '@site/plugins/counts';
import Heading from '@theme/Heading';
import type { ReactNode } from 'react';
import styles from './styles.module.css';

/** Three numbers with links to their sources. The build counts the second and the third in docs/. */
export default function HomeProofs(): ReactNode {
  const { differences, equations, securityRows } = usePluginData('counts') as Counts;
  return (
    <section aria-labelledby="proofs">
      <Heading as="h2" id="proofs">
        <Translate id="home.proofs.title">What the tests show</Translate>
      </Heading>
      <div className={styles.proofs}>
        <Proof
          number="1,000+"
          to="/docs/divergences/"
          more={translate({ id: 'home.proofs.wire.more', message: 'Every difference' })}
        >
          <Translate id="home.proofs.wire" values={{ differences }}>
            {'requests are sent to better-auth 1.7.25 and to Xenon, and status, body, cookies and headers are compared. ' +
              '{differences} differences are listed, each with its reason. Any other difference fails the build.'}
          </Translate>
        </Proof>
        <Proof
          number={String(equations)}
          to="/docs/migrate/"
          more={translate({ id: 'home.proofs.import.more', message: 'How an import is verified' })}
        >
          <Translate id="home.proofs.import">
            equations account for every row of an import, and checksums in both databases compare every field. The first
            equation:
          </Translate>
          <code className={styles.equation}>users = copied + identical + kept + quarantined</code>
        </Proof>
        <Proof
          number={String(securityRows)}
          to="/docs/security/"
          more={translate({ id: 'home.proofs.security.more', message: 'Security properties and their tests' })}
        >
          <Translate id="home.proofs.security">
            security requirements, each with the tests that prove it. Requirements without a test are marked.
          </Translate>
        </Proof>
      </div>
    </section>
  );
}

type ProofProps = { readonly number: string; readonly to: string; readonly more: string; readonly children: ReactNode };

function Proof({ number, to, more, children }: ProofProps): ReactNode {
  return (
    <div className={styles.proof}>
      <p>
        <b className={styles.number}>{number}</b> {children}
      </p>
      <Link to={to}>{more}</Link>
    </div>
  );
}
