//go:build cuda

package cuda

import (
	"errors"
	"fmt"
	"time"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/kernels"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// sequence is a KV cache and the graphs that append to it.
type sequence struct {
	backend   *backend
	positions int

	memory    memory
	keys      driver.Pointer // [layers][KV heads][positions][head dim], binary16
	values    driver.Pointer
	ropeTable driver.Pointer // gpu.RopeTable
	state     driver.Pointer // token, position, step, and a count of choose's that is 0 between passes
	stats     driver.Pointer // what choose says
	logits    driver.Pointer
	prompt    driver.Pointer // tokens, 32 bits

	told       []float32      // the stats on the host, page-locked
	input      []uint32       // state to be written, page-locked: of a pass, or of each chunk of prefill
	ids        []uint32       // tokens of the prompt, page-locked
	marks      []driver.Event // before a pass and behind it; where ops are timed, between them, too
	graphs     map[graphOf]*driver.Graph
	used       int // positions
	passes     int // decode passes so far
	next       int // token that the device would read
	freed, ran bool
}

var _ gpu.Sequence = (*sequence)(nil)

// allocate runs on the device.
func (s *sequence) allocate() (err error) {
	m := s.backend.shape
	table := gpu.RopeTable(m, s.positions)
	cache := 2 * int64(m.Layers) * int64(m.KVWidth()) * int64(s.positions)
	for _, a := range []sized{{&s.keys, cache}, {&s.values, cache}, {&s.ropeTable, max(4, driver.Bytes[float32](len(table)))},
		{&s.state, 4 * kernels.StateWords}, {&s.stats, 4 * kernels.StatsWords}, {&s.logits, 2 * int64(m.Vocab)}, {&s.prompt, 4 * int64(s.positions)}} {
		if *a.at, err = s.memory.alloc(a.bytes); err != nil {
			return err
		}
	}
	if err := driver.Upload(s.ropeTable, table); err != nil {
		return err
	}
	if s.told, err = driver.Pin[float32](kernels.StatsWords); err != nil {
		return err
	}
	chunks := (s.positions + s.backend.rows - 1) / s.backend.rows
	if s.input, err = driver.Pin[uint32](chunks * kernels.StateWords); err != nil {
		return err
	}
	if s.ids, err = driver.Pin[uint32](s.positions); err != nil {
		return err
	}
	marks := 2
	if s.backend.every > 0 {
		marks = len(s.backend.ops) + 1
	}
	for range marks {
		e, err := driver.NewEvent()
		if err != nil {
			return err
		}
		s.marks = append(s.marks, e)
	}
	return nil
}

// free runs on the device.
func (s *sequence) free() error {
	delete(s.backend.open, s)
	s.freed = true
	frees := []func() error{s.memory.free, func() error { return driver.Unpin(s.told) }, func() error { return driver.Unpin(s.input) },
		func() error { return driver.Unpin(s.ids) }}
	for _, g := range s.graphs {
		frees = append(frees, g.Close)
	}
	for _, e := range s.marks {
		frees = append(frees, e.Close)
	}
	return all(frees)
}

// Close frees the sequence alone.
func (s *sequence) Close() error { return s.do(s.free) }

// do visits the thread of the device.
func (s *sequence) do(f func() error) error {
	return s.backend.device.Do(func() error {
		if s.freed {
			return errors.New("the GPU, or the sequence, is closed")
		}
		return f()
	})
}

// Decode replays the graph of a precision.
func (s *sequence) Decode(token int, at precision.Assignment) (p gpu.Pass, err error) {
	b := s.backend
	switch err := b.loaded(at); {
	case err != nil:
		return p, err
	case token < 0 || token >= b.shape.Vocab:
		return p, fmt.Errorf("token %d; accepted: 0 to %d", token, b.shape.Vocab-1)
	case s.used >= s.positions:
		return p, fmt.Errorf("position %d; accepted: 0 to %d, the cache is full", s.used, s.positions-1)
	}
	apart := b.every > 0 && s.passes%b.every == 0
	err = s.do(func() error {
		of := graphOf{at: at, apart: apart}
		g, err := s.graph(of, func() error { return s.put(of) }) // before the clock starts: it is made once
		if err != nil {
			return err
		}
		began := b.clock()
		if !s.ran || token != s.next {
			if err := s.write(token, s.used, 0); err != nil {
				return err
			}
		}
		took, err := s.replay(g)
		if err != nil {
			return err
		}
		if p, err = s.chosen(); err != nil {
			return err
		}
		return s.times(&p, took, b.clock()-began, apart)
	})
	if err != nil {
		s.ran = false // what the device would read next is not known
		return gpu.Pass{}, fmt.Errorf("decoding position %d at %s bits: %w", s.used, at, err)
	}
	s.used++
	s.passes++
	s.next, s.ran = p.Token, true
	return p, nil
}

// write sets what the device reads next, in the stream. A slot of the page-locked memory is read when the stream comes
// to it: one for each that is on its way.
func (s *sequence) write(token, position, slot int) error {
	input := s.input[slot*kernels.StateWords : (slot+1)*kernels.StateWords]
	input[0], input[1] = uint32(token), uint32(position) // the rest is 0
	return driver.Put(s.state, input, s.backend.stream)
}

// State copies from the device what was left there.
func (s *sequence) State(want gpu.Want) (state gpu.State, err error) {
	m := s.backend.shape
	err = s.do(func() error {
		if want.Logits {
			halves := make([]uint16, m.Vocab)
			if err := driver.Download(halves, s.logits); err != nil {
				return fmt.Errorf("reading the logits: %w", err)
			}
			state.Logits = wide(halves)
		}
		if want.Cache {
			state.Positions = s.used
			block := m.Layers - 1 - want.Before
			if state.Keys, err = s.cache(s.keys, block); err == nil {
				state.Values, err = s.cache(s.values, block)
			}
			if err != nil {
				return fmt.Errorf("reading a block's cache: %w", err)
			}
		}
		return nil
	})
	return state, err
}

// cache reads the used positions of a block.
func (s *sequence) cache(of driver.Pointer, block int) ([]float32, error) {
	m := s.backend.shape
	head := s.positions * m.HeadDim
	of += driver.Pointer(driver.Bytes[uint16](block * m.KVHeads * head))
	halves := make([]uint16, m.KVHeads*s.used*m.HeadDim)
	for h := range m.KVHeads {
		to := halves[h*s.used*m.HeadDim : (h+1)*s.used*m.HeadDim]
		if err := driver.Download(to, of+driver.Pointer(driver.Bytes[uint16](h*head))); err != nil {
			return nil, err
		}
	}
	return wide(halves), nil
}

func wide(halves []uint16) []float32 {
	out := make([]float32, len(halves))
	for i, h := range halves {
		out[i] = float16.Frombits(h).Float32()
	}
	return out
}

// clock is 0 where the host times nothing.
func (b *backend) clock() time.Duration {
	if b.now == nil {
		return 0
	}
	return b.now()
}
