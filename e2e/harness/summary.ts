import type { FullResult, Reporter, TestCase, TestResult } from '@playwright/test/reporter';
import { measurementAnnotation, stateAnnotation } from './states';

/** Prints the counts and measurements at the end of the run. */
export default function summary(): Reporter {
  const outcomes = new Map<string, TestCase>();
  const states = new Set<string>();
  const measurements: string[] = [];
  let checks = 0;
  return {
    printsToStdio: () => false,
    onTestEnd(test: TestCase, result: TestResult) {
      outcomes.set(test.id, test);
      for (const { type, description } of result.annotations) {
        if (type === measurementAnnotation && description) measurements.push(description);
        if (type !== stateAnnotation || !description) continue;
        states.add(description);
        checks++;
      }
    },
    onEnd(result: FullResult) {
      const tests = [...outcomes.values()];
      const countOutcome = (outcome: ReturnType<TestCase['outcome']>) =>
        tests.filter((test) => test.outcome() === outcome).length;
      const names = new Set(tests.map((test) => test.titlePath().slice(2).join(' ')));
      const pages = new Set([...states].map((one) => one.slice(0, one.indexOf('/'))));
      const seconds = Math.round(result.duration / 1000);
      if (measurements.length > 0) console.log(`\nMeasured:\n  ${measurements.join('\n  ')}`);
      console.log(
        `\n${names.size} tests, ${pages.size} pages in ${states.size} states, ${checks} checks with axe; ${seconds} s`,
      );
      const skipped = countOutcome('skipped') > 0 ? `, ${countOutcome('skipped')} skipped` : '';
      console.log(
        `${countOutcome('expected')} passed, ${countOutcome('unexpected') + countOutcome('flaky')} failed${skipped}`,
      );
    },
  };
}
