import Head from '@docusaurus/Head';
import font from '@site/src/fonts/hanken-grotesk.woff2';
import SiteMetadata from '@theme-original/SiteMetadata';
import type { ReactNode } from 'react';

/** Asks for the font early, so that it is there at the first paint and no text moves. */
export default function SiteMetadataWithFont(): ReactNode {
  return (
    <>
      <SiteMetadata />
      <Head>
        <link rel="preload" href={font} as="font" type="font/woff2" crossOrigin="anonymous" />
      </Head>
    </>
  );
}
