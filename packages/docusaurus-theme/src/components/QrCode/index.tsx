import { translate } from '@docusaurus/Translate';
import { type ReactNode, useEffect, useState } from 'react';
import { loadChunk, NetworkError } from '../../client/network';
import styles from './styles.module.css';

interface Props {
  readonly text: string;
  /** What the code is for, for screen readers. */
  readonly label: string;
}

/** A QR code. The code that draws it is loaded when it is needed; nothing is sent to a server. */
export default function QrCode({ text, label }: Props): ReactNode {
  const [image, setImage] = useState<{ readonly size: number; readonly path: string } | 'failed'>();
  useEffect(() => {
    let isStale = false;
    void loadImage(text).then((loaded) => {
      if (!isStale) setImage(loaded);
    });
    return () => {
      isStale = true;
    };
  }, [text]);
  if (image === 'failed') {
    return (
      <p role="status">
        {translate({
          id: 'theme.xenon.qr.failed',
          message: 'The picture could not be loaded. Type the secret below into the app.',
        })}
      </p>
    );
  }
  return (
    <div className={styles.qr}>
      {image && (
        <svg role="img" aria-label={label} viewBox={`0 0 ${image.size} ${image.size}`} shapeRendering="crispEdges">
          <path d={image.path} />
        </svg>
      )}
    </div>
  );
}

async function loadImage(text: string): Promise<{ size: number; path: string } | 'failed'> {
  try {
    const { drawQrCode } = await loadChunk(() => import('./drawQrCode'));
    return drawQrCode(text);
  } catch (error) {
    if (error instanceof NetworkError) return 'failed';
    throw error;
  }
}
