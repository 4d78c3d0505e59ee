package workloads

import "math"

// scales reads what values are multiplied by, and what else a family computes in its own way (transformers'
// src/transformers/models/<family>/modeling_<family>.py; minicpm's own modeling_minicpm.py).
func (f *fields) scales(m *Model, n *Numerics) {
	if m.Experts != nil {
		n.ExpertsOfOne = m.Family == Mixtral || f.flagOr("norm_topk_prob", false)
	}
	switch m.Family {
	case "gemma", Gemma2, "gemma3_text", "vaultgemma":
		n.NormOne = true
		n.EmbedScale = math.Sqrt(float64(m.Hidden))
		if m.Family != "gemma" {
			n.ScoreScale = 1 / math.Sqrt(f.aboveOr("query_pre_attn_scalar", 0, 256))
		}
		if m.Softcap {
			n.ScoreCap = f.aboveOr("attn_logit_softcapping", 0, 50)
			n.LogitCap = f.aboveOr("final_logit_softcapping", 0, 30)
		}
	case "granite", GraniteMoE, "granitemoeshared":
		n.EmbedScale = f.aboveOr("embedding_multiplier", 0, 1)
		n.ScoreScale = f.aboveOr("attention_multiplier", 0, 1)
		n.ResidualScale = f.aboveOr("residual_multiplier", 0, 1)
		n.LogitScale = 1 / f.aboveOr("logits_scaling", 0, 1)
	case "minicpm", "minicpm3":
		emb, depth, base := 1.0, 1.0, 1.0
		if m.Family == "minicpm3" {
			emb, depth, base = 12, 1.4, 256
		}
		n.EmbedScale = f.aboveOr("scale_emb", 0, emb)
		n.ResidualScale = f.aboveOr("scale_depth", 0, depth) / math.Sqrt(float64(m.Layers))
		n.LogitScale = f.aboveOr("dim_model_base", 0, base) / float64(m.Hidden)
	case DeepseekV2:
		n.RotateNeighbours, n.ExpertsOfOne = true, false
		n.RoutedScale = f.aboveOr("routed_scaling_factor", 0, 1)
	case "dots1", "glm4_moe":
		n.ExpertsOfOne = f.flagOr("norm_topk_prob", m.Family == "glm4_moe")
		n.RoutedScale = f.aboveOr("routed_scaling_factor", 0, 1)
	case DeepseekV3:
		n.RotateNeighbours, n.ExpertsOfOne = f.flagOr("rope_interleave", true), f.flagOr("norm_topk_prob", true)
		n.RoutedScale = f.aboveOr("routed_scaling_factor", 0, 2.5)
	case PhiMoE:
		n.SparseMixer = f.aboveOr("router_jitter_noise", 0, 0.01)
	case "cohere", "cohere2":
		n.LogitScale = f.aboveOr("logit_scale", 0, 0.0625)
		n.RotateNeighbours = true
	case "glm", "glm4", "chatglm", "ernie4_5", "helium", "gptj", "codegen":
		n.RotateNeighbours = true
	case "hunyuan_v1_dense":
		n.RotateFirst = true
	case "llama4_text":
		n.RotateNeighbours, n.WeighInputs = true, true
		if n.GrowStill = true; f.flagOr("attn_temperature_tuning", true) {
			n.QueryGrowth, n.QueryStep = f.aboveOr("attn_scale", 0, 0.1), f.aboveOr("floor_scale", 0, 8192)
		}
	case "nemotron":
		n.NormOne = true
	case "gpt_neo":
		n.ScoreScale = 1
	case "opt":
		n.FirstPosition = 2
	}
}
