package replay

import (
	"context"
	"crypto/sha256"
	"sync"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
)

// known are the steps that have been simulated, by content: what the machine is, and all of the program that it can
// tell. An equal step, of another schedule or of a later run, is not simulated again. Counts are those of a simulation to
// the last one, since a step is a pure function of both; a test compares them. It is safe for concurrent use.
type known struct {
	lock  sync.Mutex
	steps map[content]*knownStep
}

// mostKnown bounds what is kept: the counts of a step take some 6 KB. All are forgotten when there are more.
const mostKnown = 4096

// content is a step.
type content struct {
	machine string
	program [sha256.Size]byte
}

// knownStep is a step that is being simulated, until done is closed, and then its counts.
type knownStep struct {
	done   chan struct{}
	ok     bool // it has counts
	counts stats.Counts
}

// machineOf names what of a configuration a simulation can tell: energies and names make no other machine.
func machineOf(c *config.Config) string {
	same := *c
	same.Name, same.Description, same.Source = "", "", ""
	same.Process, same.Energy = "", config.Energy{}
	return same.Fingerprint()
}

// of returns the counts of a step, from run if nobody has simulated an equal one. Whoever comes second waits for the first; if
// that one fails, it runs itself, so that its error is its own.
func (k *known) of(ctx context.Context, machine string, p *isa.Program, run func() (stats.Counts, error)) (stats.Counts, error) {
	key := content{machine, p.Content()}
	k.lock.Lock()
	s := k.steps[key]
	if s != nil {
		k.lock.Unlock()
		select {
		case <-s.done:
			if s.ok {
				return s.counts, nil
			}
			return run()
		case <-ctx.Done():
			return stats.Counts{}, ctx.Err()
		}
	}
	s = &knownStep{done: make(chan struct{})}
	if len(k.steps) >= mostKnown || k.steps == nil {
		k.steps = map[content]*knownStep{}
	}
	k.steps[key] = s
	k.lock.Unlock()
	defer close(s.done)
	var err error
	s.counts, err = run()
	if s.ok = err == nil; !s.ok {
		k.lock.Lock()
		if k.steps[key] == s {
			delete(k.steps, key)
		}
		k.lock.Unlock()
	}
	return s.counts, err
}
