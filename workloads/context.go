package workloads

// positions reads how many positions the model may have: max_position_embeddings, which rope_scaling extends. A linear or
// dynamic stretching says by how much (position_ids beyond max_position_embeddings are in no one's way there); yarn and
// longrope go by the positions of the training before, and llama3 is given with the extended number already.
func (f *fields) positions(m *Model, t traits) {
	m.MaxPositions = f.sized("max_position_embeddings", t.size.positions)
	key := "rope_parameters"
	if !f.has(key) {
		key = "rope_scaling"
	}
	if !f.has(key) || t.positions != rotated || t.stretched || f.err != nil {
		return
	}
	s := f.object(key)
	if s.has("full_attention") { // apart for layers with a window
		s = s.object("full_attention")
	}
	factor := s.aboveOr("factor", 0, 1)
	original := f.countOr("original_max_position_embeddings", m.MaxPositions)
	original = s.countOr("original_max_position_embeddings", original)
	kind := s.textOr("type", "default") // its name before transformers 4.43
	extended := m.MaxPositions
	switch kind = s.textOr("rope_type", kind); kind {
	case "linear":
		extended = s.times(m.MaxPositions, factor)
	case "dynamic", "yarn", "longrope", "su":
		extended = s.times(original, factor)
	case "llama3":
		if original == m.MaxPositions {
			extended = s.times(original, factor)
		}
	}
	m.MaxPositions = max(m.MaxPositions, extended)
	f.take(s)
}

// times extends a number of positions.
func (f *fields) times(positions int, factor float64) int {
	extended := float64(positions) * factor
	if extended > mostPositions {
		f.fail("factor", "%s extends %d positions to more than %d; accepted: less", f.show("factor"), positions, mostPositions)
		return positions
	}
	return int(extended)
}
