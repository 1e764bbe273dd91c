// Validates the definition on standard input as strictly as the validator can, and prints what it finds.
import { text } from "node:stream/consumers"
import validate from "asl-validator"

const definition = JSON.parse((await text(process.stdin)).replaceAll("${MigrateFunctionArn}", "arn:aws:lambda:eu-central-1:123456789012:function:migrate"))
const { isValid, errorsText } = validate(definition, { checkArn: true, checkPaths: true })
if (!isValid) console.log(errorsText("\n"))
