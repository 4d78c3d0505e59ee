package workloads

import (
	"regexp"
	"slices"
)

// wrapper is a model with a text part among others.
type wrapper struct {
	name Family
	text Family // of its text part, where that does not say
}

// wrappers are those whose text part does not always say what it is. Any other model with a text part is read, too, if
// that says its model_type. Defaults are those of transformers 5.24.0, or of the code that the models bring along.
func wrappers() []wrapper {
	return []wrapper{
		{name: "gemma3", text: "gemma3_text"},
		{name: "paligemma", text: "gemma"},
		{name: "qwen2_vl", text: Qwen2}, {name: "qwen2_5_vl", text: Qwen2}, {name: "qwen2_audio", text: Qwen2},
		{name: "qwen3_vl", text: Qwen3}, {name: "qwen3_vl_moe", text: Qwen3MoE}, {name: "llama4", text: "llama4_text"},
		{name: "llava", text: Llama}, {name: "llava_next", text: Llama}, {name: "llava_llama", text: Llama}, {name: "vipllava", text: Llama},
		{name: "llava_next_video", text: Llama}, {name: "video_llava", text: Llama},
		{name: "llava_mistral", text: Mistral}, {name: "llava_qwen", text: Qwen2}, {name: "llava_onevision", text: Qwen2},
		{name: "idefics2", text: Mistral}, {name: "idefics3", text: Llama}, {name: "smolvlm", text: Llama},
		{name: "mistral3", text: Mistral}, {name: "internvl", text: Qwen2}, {name: "internvl_chat", text: "internlm2"},
		{name: "aya_vision", text: "cohere2"}, {name: "cohere2_vision", text: "cohere2"},
		{name: "phi3_v", text: Phi3}, {name: "phi4mm", text: Phi3}, {name: "phi4_multimodal", text: Phi3}, {name: "fuyu", text: "persimmon"},
		{name: "minicpmv", text: Llama}, {name: "minicpmo", text: Qwen2}, {name: "mllama", text: Llama},
	}
}

// namePattern is what a model_type looks like.
var namePattern = regexp.MustCompile(`^[\w.-]{1,64}$`)

// textKeys are what wrappers call their text part, from the outside in.
func textKeys() []string {
	return []string{"thinker_config", "text_config", "llm_config", "language_config"}
}

// textPart returns the keys of a model's text part, and notes of what it is the text part. A model that is text alone is
// its own.
func (f *fields) textPart(m *Model) *fields {
	name := Family(f.textOr("model_type", ""))
	if _, ok := traitsOf(name); ok || name == "" || f.err != nil {
		return f
	}
	i := slices.IndexFunc(wrappers(), func(w wrapper) bool { return w.name == name })
	part := f
	for _, key := range textKeys() {
		if part.has(key) {
			inner := part.object(key)
			inner.err = part.err
			part = inner
		}
	}
	if i < 0 && part == f {
		return f
	}
	if m.TextOf = string(name); !namePattern.MatchString(m.TextOf) {
		f.fail("model_type", "%s is not usable; accepted: up to 64 letters, digits, dots, dashes and underscores", f.show("model_type"))
	}
	if part != f {
		m.Tied = f.flagOr("tie_word_embeddings", false)
		part.take(f)
	}
	if i >= 0 && (part == f || !part.has("model_type")) {
		part.class = wrappers()[i].text
		if name == "minicpmv" {
			part.class = f.minicpmv()
		}
	}
	return part
}

// minicpmv says what language model a MiniCPM-V has: its code goes by its version (configuration_minicpm.py beside the
// models' files).
func (f *fields) minicpmv() Family {
	version := "" // a number, or a text
	if f.has("version") {
		version = f.show("version")
	}
	switch version {
	case "2.6", `"2.6"`:
		return Qwen2
	case "4.5", `"4.5"`:
		return Qwen3
	}
	if f.has("scale_emb") {
		return "minicpm"
	}
	return Llama
}

// withoutImages leaves out the layers that attend to an image alone: transformers skips them where there is none.
func (f *fields) withoutImages(m *Model) {
	const key = "cross_attention_layers"
	if m.TextOf != "mllama" || !f.has(key) {
		return
	}
	layers := f.integers(key)
	for i, l := range layers {
		if l < 0 || l >= m.Layers || slices.Contains(layers[:i], l) {
			f.fail(key, "%s is not usable; accepted: a list of layers, 0 to %d", f.show(key), m.Layers-1)
		}
	}
	m.Layers -= len(layers)
}
