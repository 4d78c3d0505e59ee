package spec

import (
	"fmt"
	"strings"
)

// Scheduling is what a controller decides beside when to refresh. The zero value is open pages, and the queues and
// watermarks of Ramulator 2.1.
type Scheduling struct {
	Page      Page
	Queue     int // bursts that the queue of reads holds, and that of writes: 1 to MostQueue; 0: defaultQueue
	WriteHigh int // percent of their queue above which writes go before reads; 0: defaultWriteHigh
	WriteLow  int // percent below which reads go again: less than WriteHigh; 0: defaultWriteLow
}

// MostQueue is the most bursts that a queue of a channel can hold: as many as a channel can have banks.
const MostQueue = MaxBanks

// The watermarks of the write queue, in percent: Ramulator 2.1's, 0.8 and 0.2.
const (
	defaultWriteHigh = 80
	defaultWriteLow  = 20
)

// defaultQueue returns the size of the read and of the write queue in bursts: Ramulator 2.1's 32, for each of the two
// pseudo channels of HBM.
func defaultQueue(f Family) int {
	if f == HBM {
		return 32 * PseudoChannels
	}
	return 32
}

// Resolved returns the scheduling with every zero replaced by what it stands for.
func (p Scheduling) Resolved(f Family) Scheduling {
	if p.Queue == 0 {
		p.Queue = defaultQueue(f)
	}
	if p.WriteHigh == 0 {
		p.WriteHigh = defaultWriteHigh
	}
	if p.WriteLow == 0 {
		p.WriteLow = defaultWriteLow
	}
	return p
}

// Faults returns what no controller can do.
func (p Scheduling) Faults() (faults []Fault) {
	add := func(key, format string, args ...any) {
		faults = append(faults, Fault{key, fmt.Errorf(format, args...)})
	}
	if p.Page > AdaptivePage {
		add("page", "%v is not known; accepted: %s", p.Page, p.Page.Forms())
	}
	if p.Queue < 0 || p.Queue > MostQueue {
		add("queue", "%d bursts; accepted: 1 to %d", p.Queue, MostQueue)
	}
	high := p.Resolved(SingleBus).WriteHigh
	if high < 2 || high > 99 {
		add("write_high", "%d %% of the write queue; accepted: 2 to 99", high)
		return faults
	}
	if low := p.Resolved(SingleBus).WriteLow; low < 1 || low >= high {
		add("write_low", "%d %% of the write queue; accepted: 1 to %d, below the %d %% above which writes go first", low, high-1, high)
	}
	return faults
}

// Made returns the keys of dram that are not as usual.
func (p Scheduling) Made() (keys []string) {
	for _, k := range []struct {
		key  string
		made bool
	}{{"page", p.Page != OpenPage}, {"queue", p.Queue != 0}, {"write_high", p.WriteHigh != 0}, {"write_low", p.WriteLow != 0}} {
		if k.made {
			keys = append(keys, k.key)
		}
	}
	return keys
}

// Text lists what is not usual: "closed pages, queues of 64, writes from 90 % to 20 %".
func (p Scheduling) Text() string {
	var all []string
	if p.Page != OpenPage {
		all = append(all, p.Page.String()+" pages")
	}
	if p.Queue != 0 {
		all = append(all, fmt.Sprintf("queues of %d", p.Queue))
	}
	if p.WriteHigh != 0 || p.WriteLow != 0 {
		r := p.Resolved(SingleBus)
		all = append(all, fmt.Sprintf("writes from %d %% to %d %%", r.WriteHigh, r.WriteLow))
	}
	return strings.Join(all, ", ")
}

// Page is a page policy: when an open row is closed.
type Page uint8

// The page policies. The last two are gem5's close_adaptive and open_adaptive (DRAMInterface, src/mem): they close a
// row by an auto-precharge (RDA, WRA) with the last request in the controller that wants it.
const (
	OpenPage     Page = iota // when another row of the bank is wanted, by a PRE
	ClosedPage               // as soon as no request waits for it
	AdaptivePage             // as soon as none waits for it, if one waits for another row of the bank
)

var pageNames = []string{"open", "closed", "adaptive"}

// Forms says what UnmarshalText reads.
func (p Page) Forms() string { return "one of " + strings.Join(pageNames, ", ") }

// String returns the name used in configs.
func (p Page) String() string { return nameOf(uint8(p), pageNames) }

// UnmarshalText reads "open".
func (p *Page) UnmarshalText(text []byte) error {
	return setNamed((*uint8)(p), text, pageNames, "page policy")
}

// MarshalText writes what UnmarshalText reads.
func (p Page) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
