import Link from '@docusaurus/Link';
import Translate, { translate } from '@docusaurus/Translate';
import Heading from '@theme/Heading';
import type { ReactNode } from 'react';
import styles from './styles.module.css';
import { summary } from './summary';
import { type Probe, useProbe } from './useProbe';

/** Live responses of the API behind this site, and links to register and sign in. */
export default function HomeLive(): ReactNode {
  const health = useProbe('/health');
  const keys = useProbe('/api/auth/jwks');
  return (
    <section className={styles.live} aria-labelledby="live">
      <div className={styles.answers}>
        <Heading as="h2" id="live" className={styles.title}>
          <Translate id="home.live.title">This site runs on Xenon</Translate>
        </Heading>
        <Answer path="/health" probe={health.probe} />
        <Answer path="/api/auth/jwks" probe={keys.probe} />
        <button
          type="button"
          className={styles.again}
          onClick={() => {
            health.send();
            keys.send();
          }}
        >
          <Translate id="home.live.again">Send again</Translate>
        </button>
      </div>
      <div className={styles.try}>
        <p>
          <Translate id="home.live.try">Try it: create an account, save a profile, delete both.</Translate>
        </p>
        <p className={styles.actions}>
          <Link className="button button--primary" to="/register/">
            <Translate id="home.live.register">Register</Translate>
          </Link>
          <Link className="button button--outline button--primary" to="/login/">
            <Translate id="home.live.login">Sign in</Translate>
          </Link>
        </p>
      </div>
    </section>
  );
}

function Answer({ path, probe }: { readonly path: string; readonly probe: Probe }): ReactNode {
  return (
    <p className={styles.answer} aria-busy={probe.state === 'waiting'}>
      <code className={styles.path}>GET {path}</code>
      <span className={styles.result}>
        {probe.state === 'waiting' && (
          <span className={styles.waiting}>{translate({ id: 'home.live.waiting', message: 'Waiting …' })}</span>
        )}
        {probe.state === 'unreachable' && (
          <span className={styles.waiting}>
            {translate({ id: 'home.live.unreachable', message: 'No answer. Start the API with make dev.' })}
          </span>
        )}
        {probe.state === 'answered' && (
          <>
            <b className={probe.status < 400 ? styles.good : styles.bad}>{probe.status}</b>
            <span className={styles.time}>{probe.ms} ms</span>
            <code className={styles.body}>{summary(probe.body)}</code>
          </>
        )}
      </span>
    </p>
  );
}
