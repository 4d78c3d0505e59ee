package traces

import "github.com/pmpdsim/pmpdsim/workloads/formats"

// Cached says how keys and values were cached: the bits of both, where they are the same, and how they became codes, if they
// did.
func (q *Quant) Cached(c formats.Cache) {
	if bits := int(c.Keys.Width()); !c.Apart() {
		q.KVBits = &bits
	}
	if !c.IsFP16() {
		q.KVCache = c.String()
	}
}

// Cache returns how keys and values were cached; known: the trace says it.
func (h *Header) Cache() (c formats.Cache, known bool) {
	switch q := h.Quant; {
	case q == nil || q.KVBits == nil && q.KVCache == "":
		return c, false
	case q.KVCache == "" && *q.KVBits == int(formats.FP16):
		return c, true
	case q.KVCache == "": // the bits alone, of another writer
		return c, false
	default:
		c, _ = formats.ParseCache(q.KVCache) // checked by its rule
		return c, true
	}
}

// checkCacheText checks a kv_cache.
func checkCacheText(text string) *Error {
	c, err := formats.ParseCache(text)
	switch {
	case err != nil:
		return fault("", "a cache as --kv-bits has it, such as 8 or 4/2,group=32", "%v", err)
	case c.IsFP16():
		return fault("", "no such key for a cache of fp16", "%q has no codes", clip(text))
	case c.String() != text:
		return fault("", c.String(), "%q is written in another way", clip(text))
	}
	return nil
}

// checkCache holds the bits of the cache against what says more of it.
func checkCache(h *Header) *Error {
	if h.Quant == nil || h.Quant.KVCache == "" {
		return nil
	}
	want := Quant{}
	c, _ := h.Cache()
	want.Cached(c)
	switch bits := h.Quant.KVBits; {
	case want.KVBits == nil && bits != nil:
		return fault("quant.kv_bits", "no such key beside kv_cache "+h.Quant.KVCache, "%d is not the width of both", *bits)
	case want.KVBits != nil && (bits == nil || *bits != *want.KVBits):
		return fault("quant.kv_bits", list([]int{*want.KVBits}), "kv_cache is %s", h.Quant.KVCache)
	}
	return nil
}
