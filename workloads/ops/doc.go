// Package ops is the one list of what a step of a model does: its operators, in execution order, apart from any
// hardware. The NPU's compiler (npu/compile) and the decode engine (gpu) both make their work from it, so that an
// operator has one name everywhere and simulated and measured times can be joined row by row.
//
// # What it models
//
// Step lists the operators of prefill and decode: which values each reads and writes, which weights it uses, and what
// it comes to for so many tokens (Op.At). Prefill and decode differ in numbers of tokens alone.
//
//	embed │ input_norm q_proj k_proj v_proj rope kv_append scores softmax context o_proj attention_residual
//	      │ mlp_norm gate_proj up_proj silu_mul down_proj mlp_residual                      … the next layer
//	      │ final_norm lm_head sample
//
// Latent attention has two forms: Step is that of a prompt, DecodeStep that of a decode pass.
//
// # Names
//
// A matrix is called what transformers calls it (q_proj, down_proj, lm_head). transformers' post_attention_layernorm
// stands before the MLP in some families and behind attention in others; here mlp_norm is the one before the MLP and
// post_attention_norm the one behind attention. Where an engine computes several operators as one, the name of that one
// is their names with a + between: "q_proj+k_proj+v_proj", "attention_residual+mlp_norm" (Fused, Members). Join pairs
// the rows of two engines that fuse differently.
//
// An engine may have operators that no model has, such as the change of precision on the NPU. They are the engine's to
// name. SoftmaxMerge is one that both have.
//
// # Contract
//
// Step and Op.At are pure functions. The linears of a pass multiply tokens × Params().Blocks weights. The final norm
// and the head work on the last token only, because no other token's logits are used. An attended position counts once
// per query head.
//
// # What it leaves out
//
// How an operator is computed, and where its operands lie. Which experts a token takes: an operator of the experts counts
// for all that a token takes, and which of their matrices are read is not known from lengths. The sigmoid of the one value
// that weights a shared expert (qwen2_moe), and the second softmax of phimoe's router.
//
// # Adding one more
//
// A new operator is a line in Step, a Kind if it is of none yet, and a case in Op.At; a case for the kind in
// npu/compile (builder.emit) and in gpu.Ops. Tests of this package hold that each parameter is read once.
package ops
