// Writes what Hugging Face's own tokenizers make of the texts on stdin, for each folder named: tokenizers.jsonl.
// See ../README.md.
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';

const require = createRequire(process.env.NODE_MODULES ?? import.meta.url);
const { Tokenizer } = require('tokenizers');
const texts = JSON.parse(readFileSync(0, 'utf8'));
for (const folder of process.argv.slice(2)) {
  const t = Tokenizer.fromFile(`${folder}/tokenizer.json`);
  let lines = '';
  for (const text of texts) {
    const ids = (await t.encode(text, null)).getIds();
    lines += JSON.stringify({ text, ids, decoded: await t.decode(ids, true) }) + '\n';
  }
  writeFileSync(`${folder}/tokenizers.jsonl`, lines);
}
