// Validates the definition of a state machine on standard input, including its ARNs and paths, and prints the errors.
import { text } from 'node:stream/consumers';
import validate from 'asl-validator';

const functionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:migrate';
// biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder of SAM's definition substitutions
const definition = JSON.parse((await text(process.stdin)).replaceAll('${MigrateFunctionArn}', functionArn));
const { isValid, errorsText } = validate(definition, { checkArn: true, checkPaths: true });
if (!isValid) console.log(errorsText('\n'));
