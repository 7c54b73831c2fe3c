// Opens manifests in yaml-language-server as an editor does, and prints what it shows.
// In: {schema: URI, files: [{text, complete?: {line, character}, hover?: {line, character}}]}
// Out: [{diagnostics: [{line, message}], completions: [label], hover: text}]
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const rpc = require("vscode-jsonrpc/node");
const { schema, files } = JSON.parse(readFileSync(0, "utf8"));

const server = spawn(process.execPath, [require.resolve("yaml-language-server/bin/yaml-language-server"), "--stdio"], {
  stdio: ["pipe", "pipe", "inherit"],
});
const connection = rpc.createMessageConnection(
  new rpc.StreamMessageReader(server.stdout),
  new rpc.StreamMessageWriter(server.stdin),
);
const settings = {
  // Nothing is fetched: no store of schemas, and our schema is a file.
  yaml: { schemas: { [schema]: "*.yaml" }, schemaStore: { enable: false }, validate: true, hover: true, completion: true },
};
const waiting = new Map();
connection.onRequest("workspace/configuration", ({ items }) =>
  items.map(({ section }) => settings[section] ?? null),
);
connection.onRequest("client/registerCapability", () => null);
connection.onNotification("textDocument/publishDiagnostics", ({ uri, diagnostics }) => {
  waiting.get(uri)?.(diagnostics);
});
connection.listen();

await connection.sendRequest("initialize", {
  processId: process.pid,
  rootUri: null,
  capabilities: { workspace: { configuration: true }, textDocument: { completion: {}, hover: {} } },
});
await connection.sendNotification("initialized", {});
await connection.sendNotification("workspace/didChangeConfiguration", { settings });

const shown = [];
for (const [number, { text, complete, hover }] of files.entries()) {
  const uri = `file:///manifests/file${number}.yaml`;
  const published = new Promise((resolve) => waiting.set(uri, resolve));
  const textDocument = { uri, languageId: "yaml", version: 1, text };
  await connection.sendNotification("textDocument/didOpen", { textDocument });
  const diagnostics = await published;
  const at = (position) => ({ textDocument: { uri }, position });
  const completed = complete ? await connection.sendRequest("textDocument/completion", at(complete)) : null;
  const hovered = hover ? await connection.sendRequest("textDocument/hover", at(hover)) : null;
  shown.push({
    diagnostics: diagnostics.map(({ message, range }) => ({ line: range.start.line + 1, message })),
    completions: (completed?.items ?? []).map(({ label }) => label),
    hover: hovered?.contents?.value ?? "",
  });
}
process.stdout.write(JSON.stringify(shown));
server.kill();
process.exit(0);
