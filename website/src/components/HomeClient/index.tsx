import Link from '@docusaurus/Link';
import Translate from '@docusaurus/Translate';
import CodeBlock from '@theme/CodeBlock';
import Heading from '@theme/Heading';
import type { ReactNode } from 'react';
import styles from './styles.module.css';

const sampleCode = `import { createAuthClient } from 'better-auth/react';
import { jwtClient } from 'better-auth/client/plugins';

const auth = createAuthClient({ plugins: [jwtClient()] });

await auth.signIn.email({ email, password });
const { data } = await auth.token();

await fetch('/api/profile', {
  headers: { Authorization: \`Bearer \${data.token}\` },
});`;

/** Shows code that uses Better Auth's client. */
export default function HomeClient(): ReactNode {
  return (
    <section className={styles.client} aria-labelledby="client">
      <div>
        <Heading as="h2" id="client">
          <Translate id="home.client.title">The client you already know</Translate>
        </Heading>
        <p>
          <Translate id="home.client.stock">
            Xenon has no SDK of its own. You install better-auth from npm, with its hooks for React, Vue, Svelte and
            Solid.
          </Translate>
        </p>
        <p>
          <Translate id="home.client.tokens">
            The session is an HttpOnly cookie. Your own APIs get a JWT, signed with RS256, which any server can verify
            with the published keys.
          </Translate>
        </p>
        <p>
          <Link to="/docs/better-auth/">
            <Translate id="home.client.more">Run it beside the TypeScript server</Translate>
          </Link>
        </p>
      </div>
      <CodeBlock language="ts" className={styles.code}>
        {sampleCode}
      </CodeBlock>
    </section>
  );
}
