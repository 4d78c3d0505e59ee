package unit

import (
	"strings"
	"testing"
	"testing/quick"
)

func TestTextRoundTripIsExact(t *testing.T) {
	f := func(n uint32) bool {
		var b Bytes
		var h Hertz
		var w BytesPerSecond
		var d Femtoseconds
		var e Picojoules
		var p Microwatts
		var c Celsius
		var u Microvolts
		var a Microamperes
		v := int64(n) + 1
		return b.UnmarshalText([]byte(Bytes(v).String())) == nil && b == Bytes(v) &&
			h.UnmarshalText([]byte(Hertz(v).String())) == nil && h == Hertz(v) &&
			w.UnmarshalText([]byte(BytesPerSecond(v).String())) == nil && w == BytesPerSecond(v) &&
			d.UnmarshalText([]byte(Femtoseconds(v).String())) == nil && d == Femtoseconds(v) &&
			e.UnmarshalText([]byte(Picojoules(v).String())) == nil && e == Picojoules(v) &&
			p.UnmarshalText([]byte(Microwatts(v).String())) == nil && p == Microwatts(v) &&
			c.UnmarshalText([]byte(Celsius(v).String())) == nil && c == Celsius(v) &&
			u.UnmarshalText([]byte(Microvolts(v).String())) == nil && u == Microvolts(v) &&
			a.UnmarshalText([]byte(Microamperes(v).String())) == nil && a == Microamperes(v)
	}
	if err := quick.Check(f, nil); err != nil {
		t.Fatal(err)
	}
}

func TestTextForms(t *testing.T) {
	if got := (256 * KiB).String(); got != "256KiB" {
		t.Errorf("got %s", got)
	}
	if got := Femtoseconds(468750).String(); got != "468.75ps" {
		t.Errorf("got %s", got)
	}
	if got := BytesPerSecond(34_100_000_000).String(); got != "34.1GB/s" {
		t.Errorf("got %s", got)
	}
	for want, got := range map[string]string{"1.5nJ": Picojoules(1500).String(), "2J": Picojoules(2e12).String(), "7pJ": Picojoules(7).String(),
		"0pJ": Picojoules(0).String(), "47.25mW": Microwatts(47_250).String(), "3W": Microwatts(3e6).String(), "0uW": Microwatts(0).String()} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := Bits(3).Of(11); got != 5 {
		t.Errorf("11 values of 3 bits: %d bytes, want 5", got)
	}
}

func TestPowerOverTimeIsEnergy(t *testing.T) {
	const second = Femtoseconds(1e15)
	for _, c := range []struct {
		p    Microwatts
		d    Femtoseconds
		want Picojoules
	}{{1, second, 1e6}, {1e9, 9000 * second, 9e18}, {50_000, 1_250_000, 62}} { // the last: 50 mW x 1.25 ns = 62.5 pJ
		if got := c.p.For(c.d); got != c.want {
			t.Errorf("%v for %v is %v, want %v", c.p, c.d, got, c.want)
		}
	}
}

func TestBadTextSaysWhatIsAccepted(t *testing.T) {
	for text, want := range map[string]string{
		"12":     `"12" has no unit; accepted: [k M G T Ki Mi Gi Ti]B, such as "256KiB"`,
		"3 foo":  `unit "foo" of "3 foo" is not known`,
		"-4KiB":  `is not a quantity`,
		"1.5B":   `is not a whole number of base units`,
		"9e9GiB": `is not a quantity`,
	} {
		var b Bytes
		err := b.UnmarshalText([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}
