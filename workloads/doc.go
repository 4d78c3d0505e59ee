// Package workloads says what is computed, apart from any hardware: language models by the shapes of their Hugging Face
// config.json, and tasks by the lengths of their prompts and outputs. Package workloads/ops lists the operators of a
// step.
//
// # What it models
//
// Decoder-only transformers of the families of one table (table.go; Families): grouped-query and multi-query attention,
// sliding windows, in every layer or in some, rotary embeddings, partial or not in every layer, learned positions, ALiBi,
// biases, norms of q and k, norms before and behind attention and MLP, parallel blocks, MLPs with and without a gate, tied
// heads and soft-capped logits. Of a model that sees or hears it is the text part (wrappers.go). The presets are config.json
// files too (models/, with models/index.json for what such a file does not say) and go through the parser that reads a
// user's file.
//
// # What it leaves out
//
// Values: no weight is ever read, and what changes values only (epsilons, rope's frequencies) is apart, in Numerics,
// for those that run a model. Scalings that cost nothing beside their neighbours: attention's 1/√d; factors of the embedding,
// of residuals and of logits, as gemma, granite, minicpm and cohere have them, which are in the copy, the addition or the
// norm beside them; rope scaling, but for the positions that it adds; clamps of q, k and v (clip_qkv). Fused projections
// (phi3's qkv_proj and gate_up_proj) appear as their parts: same weights, same products. Encoders and layers with a
// recurrent state are refused by name.
//
// Of models with experts (Experts) the shapes are known: how many experts a layer has and a token takes, the shared expert,
// which layers are dense. Which experts a token takes is not part of a shape: package routing says it. Of quantised checkpoints
// and GGUF files it is known how each matrix is stored (Stored; package formats).
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
//   - table.go: its row, with what differs from llama and the defaults of transformers' configuration class
//   - blocks.go: what is truly new in its blocks, if anything is
//   - experts_keys.go, latent.go: the keys of its experts, or of its latent attention
//   - ops/step.go: its operators, where no family has them yet (the doc of package ops says how)
//   - traces/FORMAT.md: its name in the row family of model; a test compares
//   - testdata/transformers: its row in counts.py, whose counts the test compares, and models in models.json
//
// The decode engine runs a family once package gpu/weights knows it (its doc says how).
package workloads
