import { translate } from '@docusaurus/Translate';
import { type ReactNode, useEffect, useRef } from 'react';
import CopyButton from '../CopyButton';
import styles from './styles.module.css';

interface Props {
  readonly codes: readonly string[];
  readonly onSaved: () => void;
}

/** Shows new backup codes, to copy or download. The server shows them only once. */
export default function BackupCodes({ codes, onSaved }: Props): ReactNode {
  const lead = useRef<HTMLParagraphElement>(null);
  useEffect(() => lead.current?.focus(), []); // the form before had the focus
  return (
    <>
      <p ref={lead} tabIndex={-1} className={styles.lead}>
        {translate({
          id: 'theme.xenon.twoStep.backup.intro',
          message:
            'Two-step verification is on. Save these backup codes now: each signs you in once, if you lose your ' +
            'phone. They are not shown again.',
        })}
      </p>
      <ul className={styles.codes}>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className={styles.actions}>
        <CopyButton text={codes.join('\n')}>
          {translate({ id: 'theme.xenon.twoStep.backup.copy', message: 'Copy' })}
        </CopyButton>
        <button type="button" className="button button--secondary" onClick={() => download(codes)}>
          {translate({ id: 'theme.xenon.twoStep.backup.download', message: 'Download' })}
        </button>
        <button type="button" className="button button--primary" onClick={onSaved}>
          {translate({ id: 'theme.xenon.twoStep.backup.saved', message: 'I have saved them' })}
        </button>
      </div>
    </>
  );
}

function download(codes: readonly string[]): void {
  const url = URL.createObjectURL(new Blob([`${codes.join('\n')}\n`], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'backup-codes.txt';
  link.click();
  URL.revokeObjectURL(url);
}
