// Executes a state machine once. Standard input is one JSON object with the members definition (a file), input, context
// (the value of Execution in the context object), proxy (a URL that receives each task as {"state", "payload"} and
// answers {"output"} or {"error", "cause"}) and, for a redrive, startAt. Standard output is one JSON object: the result
// and counts of events.
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { StateMachine } from 'aws-local-stepfunctions';

const request = JSON.parse(await text(process.stdin));
const functionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:migrate';
const definition = JSON.parse(
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder of SAM's definition substitutions
  readFileSync(request.definition, 'utf8').replaceAll('${MigrateFunctionArn}', functionArn),
);
if (request.startAt) definition.StartAt = request.startAt;

// The name of a failed task's error is the error type that the function returned.
class TaskError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

const newTaskHandler = (state) => async (payload) => {
  const response = await fetch(request.proxy, { method: 'POST', body: JSON.stringify({ state, payload }) });
  const answer = await response.json();
  if (answer.error) throw new TaskError(answer.error, answer.cause);
  return answer.output;
};

const tasks = {};
const retryIntervals = {}; // in ms, by state: shorter than in the definition, so that the tests do not wait
const waitTimes = {}; // the same for states that wait
const collectTasks = (states) => {
  for (const [name, state] of Object.entries(states)) {
    if (state.Type === 'Task') tasks[name] = newTaskHandler(name);
    if (state.Retry) retryIntervals[name] = 20;
    if (state.Type === 'Wait') waitTimes[name] = 20;
    if (state.ItemProcessor) collectTasks(state.ItemProcessor.States);
  }
};
collectTasks(definition.States);

// A redrive does not start at the first state, so some states cannot be reached, which the validation would report.
const machine = new StateMachine(definition, {
  validationOptions: { noValidate: Boolean(request.startAt), checkArn: true, checkPaths: true },
});
const execution = machine.run(request.input, {
  overrides: {
    taskResourceLocalHandlers: tasks,
    retryIntervalOverrides: retryIntervals,
    waitTimeOverrides: waitTimes,
  },
  context: { Execution: request.context },
});

const result = { status: 'SUCCEEDED', entered: {}, retried: {}, caught: {}, events: 0, largest: 0, last: null };
const increment = (counts, name) => (counts[name] = (counts[name] ?? 0) + 1);
const watch = (async () => {
  for await (const e of execution.eventLogs) {
    result.events++;
    for (const value of [e.state?.input, e.state?.output, e.input, e.output]) {
      if (value !== undefined) result.largest = Math.max(result.largest, Buffer.byteLength(JSON.stringify(value)));
    }
    if (e.type === 'StateEntered') {
      increment(result.entered, e.state.name);
      if (definition.States[e.state.name]) result.last = { state: e.state.name, input: e.state.input };
    }
    if (e.type === 'StateRetried') increment(result.retried, e.state.name);
    if (e.type === 'StateCaught') increment(result.caught, e.state.name);
  }
})();
try {
  result.output = await execution.result;
} catch (error) {
  result.status = 'FAILED';
  result.error = error.cause?.name ?? error.name;
  result.cause = error.cause?.message ?? error.message;
}
await watch;
console.log(JSON.stringify(result));
