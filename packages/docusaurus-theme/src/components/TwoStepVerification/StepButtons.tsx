import { translate } from '@docusaurus/Translate';
import { type ReactNode, useEffect, useRef } from 'react';
import styles from './styles.module.css';

interface Props {
  readonly isOn: boolean;
  /** Whether the buttons replace a form that had the focus. */
  readonly takesFocus: boolean;
  readonly onBegin: () => void;
  readonly onNewCodes: () => void;
  readonly onTurnOff: () => void;
}

/** What a person can do, by whether two-step verification is on. */
export default function StepButtons({ isOn, takesFocus, onBegin, onNewCodes, onTurnOff }: Props): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when the buttons appear
  useEffect(() => {
    if (takesFocus) box.current?.querySelector('button')?.focus();
  }, []);
  return (
    <div ref={box} className={styles.actions}>
      {isOn ? (
        <>
          <button type="button" className="button button--secondary" onClick={onNewCodes}>
            {translate({ id: 'theme.xenon.twoStep.codes', message: 'New backup codes …' })}
          </button>
          <button type="button" className="button button--secondary" onClick={onTurnOff}>
            {translate({ id: 'theme.xenon.twoStep.turnOff', message: 'Turn off …' })}
          </button>
        </>
      ) : (
        <button type="button" className="button button--secondary" onClick={onBegin}>
          {translate({ id: 'theme.xenon.twoStep.begin', message: 'Set up …' })}
        </button>
      )}
    </div>
  );
}
