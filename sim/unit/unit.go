// Package unit holds the quantity types that cross function borders in pmpdsim, and their text forms.
//
// A quantity in a file carries its unit ("256KiB", "34.1GB/s", "1.2GHz", "468.75ps"); a bare number is an error.
// Decimal prefixes (k M G T) are powers of 1000, binary ones (Ki Mi Gi Ti) powers of 1024.
package unit

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// Bytes is a size or an amount of traffic in bytes.
type Bytes int64

// Bits is a precision: the number of bits of one stored value.
type Bits int

// Cycles is a number of clock cycles of one clock domain.
type Cycles int64

// Hertz is a clock frequency in cycles per second.
type Hertz int64

// Femtoseconds is a duration; DRAM clocks are given as one (468.75 ps is not a whole number of picoseconds).
type Femtoseconds int64

// BytesPerSecond is a bandwidth.
type BytesPerSecond int64

// Microvolts are a voltage.
type Microvolts int64

// Microamperes are a current.
type Microamperes int64

// Picojoules is an energy. An int64 holds 9.2 MJ.
type Picojoules int64

// Attojoules is the energy of one action. An int64 holds 9.2 J.
type Attojoules int64

// Microwatts is a power.
type Microwatts int64

// Celsius is a temperature in whole degrees.
type Celsius int64

// Percent is a share in whole percents, 0 to 100.
type Percent int64

// Binary sizes.
const (
	KiB Bytes = 1 << 10
	MiB Bytes = 1 << 20
	GiB Bytes = 1 << 30
)

// Seconds returns c cycles of a clock of frequency f in seconds.
func (c Cycles) Seconds(f Hertz) float64 { return float64(c) / float64(f) }

// Seconds is the period in seconds.
func (f Femtoseconds) Seconds() float64 { return float64(float64(f) * 1e-15) }

// Of returns the bytes that n values of b bits occupy, rounded up to whole bytes.
func (b Bits) Of(n int64) Bytes { return Bytes((n*int64(b) + 7) / 8) }

var quantity = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z/]*)$`)

var prefixes = map[string]int64{
	"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40,
}

var seconds = map[string]int64{"fs": 1, "ps": 1e3, "ns": 1e6, "us": 1e9, "ms": 1e12}

var joules = map[string]int64{"pJ": 1, "nJ": 1e3, "uJ": 1e6, "mJ": 1e9, "J": 1e12}

var actions = map[string]int64{"aJ": 1, "fJ": 1e3, "pJ": 1e6, "nJ": 1e9}

var volts = map[string]int64{"uV": 1, "mV": 1e3, "V": 1e6}

var amperes = map[string]int64{"uA": 1, "mA": 1e3, "A": 1e6}

var watts = map[string]int64{"uW": 1, "mW": 1e3, "W": 1e6}

// For is the energy of p over a duration, rounded down to whole picojoules.
func (p Microwatts) For(d Femtoseconds) Picojoules {
	const perPicojoule = 1_000_000_000 // 1 uW fs = 1e-21 J
	q, fits := MulDivDown(uint64(p), uint64(d), perPicojoule)
	if !fits {
		panic(fmt.Sprintf("unit: %v for %v overflows", p, d))
	}
	return Picojoules(q)
}

// parse reads a decimal number with one of the units that scale names and returns an exact integer in base units.
func parse(text, example, accepted string, scale func(unit string) (int64, bool)) (int64, error) {
	m := quantity.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return 0, fmt.Errorf("%q is not a quantity; accepted: a number with a unit, such as %q", text, example)
	}
	k, ok := scale(m[2])
	if !ok {
		if m[2] == "" {
			return 0, fmt.Errorf("%q has no unit; accepted: %s, such as %q", text, accepted, example)
		}
		return 0, fmt.Errorf("unit %q of %q is not known; accepted: %s, such as %q", m[2], text, accepted, example)
	}
	r, ok := new(big.Rat).SetString(m[1])
	if !ok {
		return 0, fmt.Errorf("%q is not a number", m[1])
	}
	r.Mul(r, new(big.Rat).SetInt64(k))
	if !r.IsInt() {
		return 0, fmt.Errorf("%q is not a whole number of base units; accepted: %s, such as %q", text, accepted, example)
	}
	if !r.Num().IsInt64() {
		return 0, fmt.Errorf("%q is too large; accepted: %s, such as %q", text, accepted, example)
	}
	return r.Num().Int64(), nil
}

func withPrefix(base string) func(string) (int64, bool) {
	return func(u string) (int64, bool) {
		p, ok := strings.CutSuffix(u, base)
		if !ok {
			return 0, false
		}
		k, ok := prefixes[p]
		return k, ok
	}
}

// UnmarshalText reads "256KiB".
func (b *Bytes) UnmarshalText(t []byte) error {
	v, err := parse(string(t), "256KiB", "[k M G T Ki Mi Gi Ti]B", withPrefix("B"))
	*b = Bytes(v)
	return err
}

// UnmarshalText reads "1.2GHz".
func (h *Hertz) UnmarshalText(t []byte) error {
	v, err := parse(string(t), "1.2GHz", "[k M G T]Hz", withPrefix("Hz"))
	*h = Hertz(v)
	return err
}

// UnmarshalText reads "34.1GB/s".
func (b *BytesPerSecond) UnmarshalText(t []byte) error {
	v, err := parse(string(t), "34.1GB/s", "[k M G T Ki Mi Gi Ti]B/s", withPrefix("B/s"))
	*b = BytesPerSecond(v)
	return err
}

// UnmarshalText reads "95C".
func (c *Celsius) UnmarshalText(t []byte) error {
	v, err := parse(string(t), "95C", "C", func(u string) (int64, bool) { return 1, u == "C" })
	*c = Celsius(v)
	return err
}

// UnmarshalText reads "30%".
func (p *Percent) UnmarshalText(t []byte) error {
	n, err := strconv.ParseUint(strings.TrimSuffix(string(t), "%"), 10, 7)
	if err != nil || n > 100 || !strings.HasSuffix(string(t), "%") {
		return fmt.Errorf("%q is no share; accepted: 0%% to 100%%, whole", t)
	}
	*p = Percent(n)
	return nil
}

// UnmarshalText reads "468.75ps".
func (f *Femtoseconds) UnmarshalText(t []byte) error {
	v, err := parse(string(t), "1.25ns", "fs ps ns us ms", func(u string) (int64, bool) { k, ok := seconds[u]; return k, ok })
	*f = Femtoseconds(v)
	return err
}

// UnmarshalText reads "1.5nJ".
func (p *Picojoules) UnmarshalText(t []byte) error {
	v, err := parse(string(t), "1.5nJ", "pJ nJ uJ mJ J", func(u string) (int64, bool) { k, ok := joules[u]; return k, ok })
	*p = Picojoules(v)
	return err
}

// UnmarshalText reads "0.42pJ".
func (a *Attojoules) UnmarshalText(t []byte) error {
	v, err := parse(string(t), "0.42pJ", "aJ fJ pJ nJ", func(u string) (int64, bool) { k, ok := actions[u]; return k, ok })
	*a = Attojoules(v)
	return err
}

// UnmarshalText reads "1.05V".
func (v *Microvolts) UnmarshalText(t []byte) error {
	n, err := parse(string(t), "1.05V", "uV mV V", func(u string) (int64, bool) { k, ok := volts[u]; return k, ok })
	*v = Microvolts(n)
	return err
}

// UnmarshalText reads "53mA".
func (a *Microamperes) UnmarshalText(t []byte) error {
	n, err := parse(string(t), "53mA", "uA mA A", func(u string) (int64, bool) { k, ok := amperes[u]; return k, ok })
	*a = Microamperes(n)
	return err
}

// UnmarshalText reads "47.5mW".
func (p *Microwatts) UnmarshalText(t []byte) error {
	v, err := parse(string(t), "47.5mW", "uW mW W", func(u string) (int64, bool) { k, ok := watts[u]; return k, ok })
	*p = Microwatts(v)
	return err
}

// String writes b exactly, with the largest binary prefix that leaves a whole number.
func (b Bytes) String() string { return whole(int64(b), "B", binary) }

// String writes h exactly.
func (h Hertz) String() string { return decimal(int64(h), "Hz") }

// String writes b exactly.
func (b BytesPerSecond) String() string { return decimal(int64(b), "B/s") }

// String writes f exactly.
func (f Femtoseconds) String() string { return scaled(int64(f), seconds, "ms", "us", "ns", "ps", "fs") }

// Joules is the energy in joules.
func (p Picojoules) Joules() float64 { return float64(float64(p) * 1e-12) }

// String writes p exactly.
func (p Picojoules) String() string { return scaled(int64(p), joules, "J", "mJ", "uJ", "nJ", "pJ") }

// String writes a exactly.
func (a Attojoules) String() string { return scaled(int64(a), actions, "nJ", "pJ", "fJ", "aJ") }

// String writes p exactly.
func (p Microwatts) String() string { return scaled(int64(p), watts, "W", "mW", "uW") }

// String writes what UnmarshalText reads.
func (p Percent) String() string { return strconv.FormatInt(int64(p), 10) + "%" }

// MarshalText writes what UnmarshalText reads.
func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// String writes what UnmarshalText reads.
func (c Celsius) String() string { return strconv.FormatInt(int64(c), 10) + "C" }

// MarshalText writes what UnmarshalText reads.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// MarshalText writes what UnmarshalText reads.
func (h Hertz) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// MarshalText writes what UnmarshalText reads.
func (b BytesPerSecond) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// MarshalText writes what UnmarshalText reads.
func (f Femtoseconds) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// MarshalText writes what UnmarshalText reads.
func (p Picojoules) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// MarshalText writes what UnmarshalText reads.
func (a Attojoules) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// MarshalText writes what UnmarshalText reads.
func (p Microwatts) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// MarshalText writes what UnmarshalText reads.
func (c Celsius) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

var binary = []string{"Ti", "Gi", "Mi", "Ki"}

func whole(v int64, base string, order []string) string {
	for _, p := range order {
		if v != 0 && v%prefixes[p] == 0 {
			return strconv.FormatInt(v/prefixes[p], 10) + p + base
		}
	}
	return strconv.FormatInt(v, 10) + base
}

func decimal(v int64, base string) string {
	for _, p := range []string{"T", "G", "M", "k"} {
		if v >= prefixes[p] {
			return exact(v, prefixes[p]) + p + base
		}
	}
	return strconv.FormatInt(v, 10) + base
}

// scaled writes v with the largest of the units, which come in falling order, that is not larger than v.
func scaled(v int64, units map[string]int64, names ...string) string {
	for _, u := range names {
		if v >= units[u] && units[u] > 1 {
			return exact(v, units[u]) + u
		}
	}
	return strconv.FormatInt(v, 10) + names[len(names)-1]
}

// exact writes v/k, where k is a power of ten, without rounding.
func exact(v, k int64) string {
	s := fmt.Sprintf("%d.%0*d", v/k, len(strconv.FormatInt(k, 10))-1, v%k)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// String writes v exactly, with the largest unit that is not larger.
func (v Microvolts) String() string { return scaled(int64(v), volts, "V", "mV", "uV") }

// String writes a exactly, with the largest unit that is not larger.
func (a Microamperes) String() string { return scaled(int64(a), amperes, "A", "mA", "uA") }
