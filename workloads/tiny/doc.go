// Package tiny is a small language model that was really trained, with all that a run of it takes: `--model tiny` is a llama of
// 3.5 million parameters over a tokenizer of its own, trained by train.py on the Go standard library's sources. It is there so that
// quality can be measured without a download; README.md says how it was trained, on what, and how good it is.
//
// # What it leaves out
//
// Any use: who wants a model's answers takes a larger one. It has seen nothing but Go, in windows of 512 tokens. The shape is in
// package workloads too, which embeds this folder's config.json and not the weights, so that what only counts does not carry them.
//
// # Contract
//
// The files have Hugging Face's names, and transformers reads the folder when the packed ones are unpacked (gunzip -k *.gz); gpu/weights and
// gpu/tokens read [Files]. sensitivity.safetensors has, by the names of the weights, mean squared gradients of the loss. Its values are scaled by tensor, the
// largest to 57,344, which is the largest number of F8_E5M2: they weigh weights of one tensor against each other, not tensors.
// heldout.txt is text that neither tokenizer nor model have read. None of them depends on the machine that the program runs on.
//
// # Adding one more
//
// Another model: change train.py, run it, copy what it wrote, and run the tests, which hold the files to what train.json says.
package tiny
