import Head from '@docusaurus/Head';
import font from '@site/src/fonts/hanken-grotesk.woff2';
import SiteMetadata from '@theme-original/SiteMetadata';
import type { ReactNode } from 'react';

/** Preloads the font, so that it is available at the first paint and the layout is stable. */
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
