// Says which of the documents on stdin (a JSON list) the schema named on the command line allows.
import { readFileSync } from "node:fs";
import Ajv from "ajv";

const schema = JSON.parse(readFileSync(process.argv[2], "utf8"));
// Strict: a keyword that ajv does not know, or a rule that can never apply, is an error.
// `defaultSnippets` is what editors offer; it allows and forbids nothing.
const validate = new Ajv({ strict: true, strictRequired: false, strictTypes: false, keywords: ["defaultSnippets"] }).compile(schema);
const documents = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(documents.map((document) => validate(document))));
