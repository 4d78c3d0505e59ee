//go:build cuda

package cuda

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

// matrix, norm and block are those of package weights on the device; 0 where there is nothing.
type matrix struct {
	out, in      int
	half, planes driver.Pointer
	tables       [weights.Planes + 1]driver.Pointer
	bias         driver.Pointer
	parts        []matrix // that are there apart, too, from top to bottom; nil: none
}

type norm struct{ scale, shift driver.Pointer }

type block struct {
	input, post      norm
	qkv, o, up, down matrix
}

// model is all weights on the device.
type model struct {
	embedding driver.Pointer
	blocks    []block
	final     norm
	head      matrix
}

// memory is what was allocated on the device, to be freed together.
type memory struct{ owned []driver.Pointer }

func (m *memory) alloc(bytes int64) (driver.Pointer, error) {
	p, err := driver.Alloc(bytes)
	if err == nil {
		m.owned = append(m.owned, p)
	}
	return p, err
}

func (m *memory) free() error {
	frees := make([]func() error, len(m.owned))
	for i, p := range m.owned {
		frees[i] = func() error { return driver.Free(p) }
	}
	m.owned = nil
	return all(frees)
}

// uploader copies weights to the device. After an error it does nothing more.
type uploader struct {
	memory
	bits   []int
	apart  apart
	loaded func(blocks int)
	err    error
}

func (u *uploader) halves(values []uint16) driver.Pointer { return upload(u, values) }

func upload[T driver.Value](u *uploader, values []T) driver.Pointer {
	if len(values) == 0 || u.err != nil {
		return 0
	}
	var p driver.Pointer
	if p, u.err = u.alloc(driver.Bytes[T](len(values))); u.err == nil {
		u.err = driver.Upload(p, values)
	}
	return p
}

func (u *uploader) norm(n weights.Norm) norm { return norm{u.halves(n.Scale), u.halves(n.Shift)} }

// matrix uploads the matrix of a place, and its parts.
func (u *uploader) matrix(layer int, at gpu.Place, m *weights.Matrix) matrix {
	on, first := u.whole(m, u.bits), 0
	for _, p := range u.apart[place{layer, at}] {
		on.parts = append(on.parts, u.whole(m.Rows(first, p.rows), p.bits))
		first += p.rows
	}
	return on
}

// whole uploads what the precisions need: planes up to the widest, since the first n are the n-bit weights.
func (u *uploader) whole(m *weights.Matrix, needed []int) matrix {
	on := matrix{out: m.Out, in: m.In, bias: u.halves(m.Bias)}
	widest := 0
	for _, bits := range needed {
		if bits == weights.Half {
			on.half = u.halves(m.Half)
			continue
		}
		on.tables[bits] = u.halves(m.Tables[bits])
		widest = max(widest, bits)
	}
	on.planes = upload(u, m.Planes[:widest*m.Out*m.In/32])
	return on
}

// load asks for one block after the other, so that the host holds one at a time.
func (u *uploader) load(source weights.Source) (*model, error) {
	m := source.Model()
	ends, err := source.Ends()
	if err != nil {
		return nil, err
	}
	on := &model{embedding: u.halves(ends.Embedding), final: u.norm(ends.Norm)}
	on.head = matrix{out: ends.Head.Out, in: ends.Head.In, bias: u.halves(ends.Head.Bias)}
	if m.Tied {
		on.head.half = on.embedding
	} else {
		on.head.half = u.halves(ends.Head.Half)
	}
	if u.err != nil {
		return nil, fmt.Errorf("uploading embedding and head of %s: %w", m.Name, u.err)
	}
	for layer := range m.Layers {
		b, err := source.Block(layer)
		if err != nil {
			return nil, err
		}
		on.blocks = append(on.blocks, block{u.norm(b.Norms[string(gpu.PlaceInput)]), u.norm(b.Norms[string(gpu.PlacePost)]),
			u.matrix(layer, gpu.PlaceQKV, &b.QKV), u.matrix(layer, gpu.PlaceO, &b.O), u.matrix(layer, gpu.PlaceUp, &b.Up),
			u.matrix(layer, gpu.PlaceDown, &b.Down)})
		if u.err != nil {
			return nil, fmt.Errorf("uploading block %d of %s: %w", layer, m.Name, u.err)
		}
		if u.loaded != nil {
			u.loaded(layer + 1)
		}
	}
	return on, nil
}

// precisions sorts and checks those that were asked for.
func precisions(asked []int) ([]int, error) {
	if len(asked) == 0 {
		return []int{16, 8, 7, 6, 5, 4, 3, 2}, nil
	}
	bits := slices.Clone(asked)
	slices.Sort(bits)
	slices.Reverse(bits)
	bits = slices.Compact(bits)
	for _, b := range bits {
		if b != weights.Half && (b < weights.MinBits || b > weights.Planes) {
			return nil, fmt.Errorf("weights at %d bits; accepted: %d to %d, %d", b, weights.MinBits, weights.Planes, weights.Half)
		}
	}
	return bits, nil
}

// room checks before anything is uploaded that it will fit.
func room(p plan) error {
	free, _, err := driver.Memory()
	if err != nil {
		return err
	}
	need := func(bits []int) int64 {
		return p.model.Memory(bits...) + p.apart + plan{p.model, bits, p.rows, p.splits, 0}.scratch()
	}
	if need(p.bits) <= free {
		return nil
	}
	fits := "a smaller model"
	for i := 1; i < len(p.bits); i++ { // sorted: the first are the largest
		if n := need(p.bits[i:]); n <= free {
			fits += fmt.Sprintf(", or precisions %s alone (%s)", list(p.bits[i:]), gigabytes(n))
			break
		}
	}
	return fmt.Errorf("%s at precisions %s needs %s, the GPU has %s free; accepted: %s", p.model.Name, list(p.bits), gigabytes(need(p.bits)),
		gigabytes(free), fits)
}

func list(bits []int) string {
	text := make([]string, len(bits))
	for i, b := range bits {
		text[i] = fmt.Sprint(b)
	}
	return strings.Join(text, ",")
}

func gigabytes(bytes int64) string { return fmt.Sprintf("%.3g GB", float64(bytes)/1e9) }
