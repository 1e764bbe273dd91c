// Executes state machines and validates definitions, all in one process, because loading the packages takes longer than
// an execution. Each line of standard input is a command in JSON with an id, and each has one line of output, with the
// same id, when it has ended. Commands run concurrently.
//   {"id", "execute": {…}}            executes a state machine once; see execute; the output is {"id", "result": {…}}
//   {"id", "validate": "definition"}  validates a definition; the output is {"id", "result": "the errors, or nothing"}
// A command that fails has the output {"id", "error": …}. The process ends when its standard input ends.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import validate from 'asl-validator';
import { StateMachine } from 'aws-local-stepfunctions';

const functionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:migrate';
// biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder of SAM's definition substitutions
const parseDefinition = (text) => JSON.parse(text.replaceAll('${MigrateFunctionArn}', functionArn));

// The name of a failed task's error is the error type that the function returned.
class TaskError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

// Returns the handler of a task. It sends the task to the proxy.
const newTaskHandler = (proxy, state) => async (payload) => {
  const response = await fetch(proxy, { method: 'POST', body: JSON.stringify({ state, payload }) });
  const answer = await response.json();
  if (answer.error) throw new TaskError(answer.error, answer.cause);
  return answer.output;
};

// Returns the overrides for an execution: the handlers of the tasks, and the times to wait in ms, by state. The times
// are shorter than in the definition, so that the tests do not wait.
function newOverrides(definition, proxy) {
  const tasks = {};
  const retryIntervals = {};
  const waitTimes = {};
  const collect = (states) => {
    for (const [name, state] of Object.entries(states)) {
      if (state.Type === 'Task') tasks[name] = newTaskHandler(proxy, name);
      if (state.Retry) retryIntervals[name] = 20;
      if (state.Type === 'Wait') waitTimes[name] = 20;
      if (state.ItemProcessor) collect(state.ItemProcessor.States);
    }
  };
  collect(definition.States);
  return {
    taskResourceLocalHandlers: tasks,
    retryIntervalOverrides: retryIntervals,
    waitTimeOverrides: waitTimes,
  };
}

// Counts the events of an execution, and remembers the last state of the definition itself.
async function countEvents(execution, definition, result) {
  const increment = (counts, name) => (counts[name] = (counts[name] ?? 0) + 1);
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
}

// The definitions that are valid. The validation takes more than a second of processor time, so it happens once.
const validDefinitions = new Set();

// Executes a state machine. The request has the members definition (a file), input, context (the value of Execution in
// the context object), proxy (a URL that receives each task as {"state", "payload"} and answers {"output"} or
// {"error", "cause"}) and, for a redrive, startAt. Returns the result and counts of events.
async function execute(request) {
  const text = readFileSync(request.definition, 'utf8');
  const definition = parseDefinition(text);
  if (request.startAt) definition.StartAt = request.startAt;
  // A redrive does not start at the first state, so some states cannot be reached, which the validation would report.
  const machine = new StateMachine(definition, {
    validationOptions: {
      noValidate: Boolean(request.startAt) || validDefinitions.has(text),
      checkArn: true,
      checkPaths: true,
    },
  });
  if (!request.startAt) validDefinitions.add(text);
  const execution = machine.run(request.input, {
    overrides: newOverrides(definition, request.proxy),
    context: { Execution: request.context },
  });
  const result = { status: 'SUCCEEDED', entered: {}, retried: {}, caught: {}, events: 0, largest: 0, last: null };
  const counted = countEvents(execution, definition, result);
  try {
    result.output = await execution.result;
  } catch (error) {
    result.status = 'FAILED';
    result.error = error.cause?.name ?? error.name;
    result.cause = error.cause?.message ?? error.message;
  }
  await counted;
  return result;
}

// Validates a definition, including its ARNs and paths, and returns the errors.
function findErrors(text) {
  const { isValid, errorsText } = validate(parseDefinition(text), { checkArn: true, checkPaths: true });
  return isValid ? '' : errorsText('\n');
}

async function answer({ id, execute: request, validate: text }) {
  try {
    return { id, result: request ? await execute(request) : findErrors(text) };
  } catch (error) {
    return { id, error: String(error.stack ?? error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  answer(JSON.parse(line)).then((a) => console.log(JSON.stringify(a)));
}
process.exit(0);
