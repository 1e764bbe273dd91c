import { translate } from '@docusaurus/Translate';
import { type ReactNode, useState } from 'react';

interface Props {
  readonly text: string;
  readonly children: ReactNode;
}

/** Copies a text. Its label does not change, so a status beside it reports the result. */
export default function CopyButton({ text, children }: Props): ReactNode {
  const [result, setResult] = useState<'copied' | 'failed'>();
  const copy = () => {
    // Undefined in pages without HTTPS; rejected if the browser does not allow it.
    const copied = navigator.clipboard
      ? navigator.clipboard.writeText(text)
      : Promise.reject(new Error('no clipboard'));
    copied.then(
      () => setResult('copied'),
      () => setResult('failed'),
    );
  };
  return (
    <>
      <button type="button" className="button button--secondary" onClick={copy}>
        {children}
      </button>
      <span role="status">
        {result === 'copied' && translate({ id: 'theme.xenon.copy.done', message: 'Copied.' })}
        {result === 'failed' &&
          translate({
            id: 'theme.xenon.copy.failed',
            message: 'The browser did not allow it. Select the text instead.',
          })}
      </span>
    </>
  );
}
