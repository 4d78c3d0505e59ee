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
		v := int64(n) + 1
		return b.UnmarshalText([]byte(Bytes(v).String())) == nil && b == Bytes(v) &&
			h.UnmarshalText([]byte(Hertz(v).String())) == nil && h == Hertz(v) &&
			w.UnmarshalText([]byte(BytesPerSecond(v).String())) == nil && w == BytesPerSecond(v) &&
			d.UnmarshalText([]byte(Femtoseconds(v).String())) == nil && d == Femtoseconds(v)
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
	if got := Bits(3).Of(11); got != 5 {
		t.Errorf("11 values of 3 bits: %d bytes, want 5", got)
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
