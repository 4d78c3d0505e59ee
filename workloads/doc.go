// Package workloads says what is computed, apart from any hardware: language models by the shapes of their Hugging Face
// config.json, and tasks by the lengths of their prompts and outputs. Package workloads/ops lists the operators of a
// step.
//
// # What it models
//
// Decoder-only transformers of the families llama, mistral, qwen2, qwen3, phi, phi3, stablelm and gemma2: grouped-query
// attention, sliding windows, partial rotary embeddings, biases, per-head q/k norms, parallel blocks, tied heads and
// soft-capped logits. The presets are config.json files too (models/, with models/index.json for what such a file does
// not say) and go through the parser that reads a user's file.
//
// # What it leaves out
//
// Values: no weight is ever read, and what changes values only (epsilons, rope's frequencies) is apart, in Numerics,
// for those that run a model. Scalings that cost nothing beside their neighbours (attention's 1/√d, gemma2's embedding
// scale, rope scaling). Fused projections (phi3's qkv_proj and gate_up_proj) appear as their parts: same weights, same
// products. Encoders, multimodal parts and quantised checkpoints are refused by name.
//
// Of models with experts (mixtral, qwen2_moe, qwen3_moe, phimoe, granitemoe; Experts) the shapes are known: how many experts
// a layer has and a token takes, the shared expert, which layers are dense. Which experts a token takes is not part of a
// shape.
//
// # Contract
//
// A Model is plain data and valid when it comes from Load or ParseConfig.
//
// # Adding one more
//
// A preset: its config.json under models/, a line in models/index.json, its counts in testdata/counts.json.
//
// A family takes these files:
//
//   - workloads.go: its constant
//   - config.go: its place in Families, its case in traitsOf with the defaults of transformers' configuration class, and, where
//     its blocks differ, in block
//   - ops/step.go: its operators, where no family has them yet (the doc of package ops says how)
//   - traces/FORMAT.md: its name in the row family of model; a test compares
//   - presets, whose published parameter count the test compares
//
// The decode engine runs a family once package gpu/weights knows it (its doc says how).
package workloads
