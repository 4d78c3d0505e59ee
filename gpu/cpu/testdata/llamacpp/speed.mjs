// speed.mjs MODEL.gguf PROMPT GENERATE THREADS: tokens a second of llama.cpp, of a prompt and of greedy decoding behind it, as
// JSON. Run in a folder with node-llama-cpp 3.22.1 (llama.cpp v0.5.0 of its prebuilt binaries).
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";

const {getLlama} = await import(pathToFileURL(createRequire(process.cwd() + "/").resolve("node-llama-cpp")));
const [, , file, prompt, generate, threads] = process.argv;
const llama = await getLlama({gpu: false, build: "never", maxThreads: +threads, logLevel: "error"});
const model = await llama.loadModel({modelPath: file, gpuLayers: 0});

async function run() {
    const context = await model.createContext({contextSize: 1024, threads: +threads, batchSize: 512});
    const tokens = Array.from({length: +prompt}, (_, i) => 1000 + i * 7919 % 40000);
    const began = performance.now();
    let first, count = 0;
    for await (const _ of context.getSequence().evaluate(tokens, {temperature: 0, yieldEogToken: true})) {
        first ??= performance.now();
        if (++count > +generate)
            break;
    }
    const ended = performance.now();
    await context.dispose();
    return {prompt: +prompt / (first - began) * 1e3, decode: +generate / (ended - first) * 1e3};
}

await run(); // pages of the weights, threads
console.log(JSON.stringify(await run()));
process.exit(0);
