// Executes the state machine once. Standard input is one JSON object: definition (a file), input, context (the context
// object's Execution), bridge (where tasks are done: a URL that takes {"state", "payload"} and answers {"output"} or
// {"error", "cause"}), and startAt for a redrive. Standard output is one JSON object: the end and what led there.
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { StateMachine } from 'aws-local-stepfunctions';

const order = JSON.parse(await text(process.stdin));
const functionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:migrate';
// biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder of SAM's definition substitutions
const definition = JSON.parse(readFileSync(order.definition, 'utf8').replaceAll('${MigrateFunctionArn}', functionArn));
if (order.startAt) definition.StartAt = order.startAt;

// What Lambda raises has the name of the function's error type.
class TaskError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

const perform = (state) => async (payload) => {
  const response = await fetch(order.bridge, { method: 'POST', body: JSON.stringify({ state, payload }) });
  const answer = await response.json();
  if (answer.error) throw new TaskError(answer.error, answer.cause);
  return answer.output;
};

const tasks = {};
const soon = {}; // the test does not wait between two tries
const collect = (states) => {
  for (const [name, state] of Object.entries(states)) {
    if (state.Type === 'Task') tasks[name] = perform(name);
    if (state.Retry) soon[name] = 20;
    if (state.ItemProcessor) collect(state.ItemProcessor.States);
  }
};
collect(definition.States);

// A redrive starts in the middle, which leaves states that are not reached; the whole definition is validated without.
const machine = new StateMachine(definition, {
  validationOptions: { noValidate: Boolean(order.startAt), checkArn: true, checkPaths: true },
});
const execution = machine.run(order.input, {
  overrides: { taskResourceLocalHandlers: tasks, retryIntervalOverrides: soon },
  context: { Execution: order.context },
});

const end = { status: 'SUCCEEDED', entered: {}, retried: {}, caught: {}, events: 0, largest: 0, last: null };
const count = (of, name) => (of[name] = (of[name] ?? 0) + 1);
const watch = (async () => {
  for await (const e of execution.eventLogs) {
    end.events++;
    for (const value of [e.state?.input, e.state?.output, e.input, e.output]) {
      if (value !== undefined) end.largest = Math.max(end.largest, Buffer.byteLength(JSON.stringify(value)));
    }
    if (e.type === 'StateEntered') {
      count(end.entered, e.state.name);
      if (definition.States[e.state.name]) end.last = { state: e.state.name, input: e.state.input };
    }
    if (e.type === 'StateRetried') count(end.retried, e.state.name);
    if (e.type === 'StateCaught') count(end.caught, e.state.name);
  }
})();
try {
  end.output = await execution.result;
} catch (error) {
  end.status = 'FAILED';
  end.error = error.cause?.name ?? error.name;
  end.cause = error.cause?.message ?? error.message;
}
await watch;
console.log(JSON.stringify(end));
