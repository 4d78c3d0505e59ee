package compile

import "github.com/pmpdsim/pmpdsim/workloads"

// operatorsOf are the names of all operators of a model, apart from their layer, in the order in which a step meets them.
func operatorsOf(m *workloads.Model) []string {
	names := []string{"switch", "embed", "input_norm", "quantise"}
	a := m.Attention()
	for _, w := range a[:3] {
		names = append(names, w.Name)
	}
	names = append(names, "qk_norm", "rope", "kv_convert", "kv_append", "scores", "attention_softcap", "softmax", "context",
		"softmax_merge", "attention_out", a[3].Name, "post_attention_norm", "attention_residual", "mlp_norm")
	matrices := m.MLP()
	last := len(matrices) - 1
	for _, w := range matrices[:last] {
		names = append(names, w.Name)
	}
	return append(names, "gelu", "silu_mul", "gelu_mul", matrices[last].Name, "post_mlp_norm", "mlp_residual", "residual", "exchange",
		"final_norm", "lm_head", "final_softcap", "sample", "scheduler")
}
