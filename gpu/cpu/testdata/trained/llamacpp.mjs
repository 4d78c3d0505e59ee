// What llama.cpp, through node-llama-cpp 3.22.1, makes of the tokens of smollm2.json under the same weights in F16 (make.py
// writes that file): `npm install node-llama-cpp@3.22.1`, then `node llamacpp.mjs F16.gguf smollm2.json llamacpp.json`.
import {readFileSync, writeFileSync} from "node:fs";
import {getLlama} from "node-llama-cpp";

const [file, golden, out] = process.argv.slice(2);
const {tokens, likely} = JSON.parse(readFileSync(golden));
const llama = await getLlama({gpu: false, build: "never", maxThreads: 1});
const model = await llama.loadModel({modelPath: file});
const context = await model.createContext({contextSize: 512, flashAttention: false});
const sequence = context.getSequence();
const options = {generateNext: {probabilities: true, options: {temperature: 1, topK: 0, topP: 1, minP: 0}}};
const results = await sequence.controlledEvaluate(tokens.slice(0, -1).map(token => [token, options]));
const round = (x, digits) => Number(x.toFixed(digits));
const all = results.map(r => r.next.probabilities);
writeFileSync(out, JSON.stringify({
    source: `llama.cpp ${llama.llamaCppRelease.release} on a CPU through node-llama-cpp 3.22.1, weights and cache in F16`,
    tokens,
    logp: all.map((p, i) => round(Math.log(p.get(tokens[i + 1])), 5)),
    likely,
    p: all.map((p, i) => likely[i].map(token => round(p.get(token) ?? 0, 6))),
}) + "\n");
const bits = -all.reduce((sum, p, i) => sum + Math.log2(p.get(tokens[i + 1])), 0) / all.length;
console.log(`${bits.toFixed(4)} bits a token`);
await llama.dispose();
