package unit

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestMulDivRounds(t *testing.T) {
	const most = math.MaxUint64
	for _, c := range []struct {
		what     string
		a, b, c  uint64
		down, up uint64
	}{
		{"nothing left over: both the same", 6, 4, 8, 3, 3},
		{"one more than a multiple", 5, 5, 8, 3, 4},
		{"one less than a multiple", 23, 1, 8, 2, 3},
		{"zero stays zero", 0, most, most, 0, 0},
		{"less than one", 1, 1, most, 0, 1},
		{"a product of 128 bits", most, most, most, most, most},
		{"a product of 65 bits", 1 << 33, 1 << 32, 1<<32 + 1, 1<<33 - 2, 1<<33 - 1},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got, fits := MulDivDown(c.a, c.b, c.c); got != c.down || !fits {
				t.Errorf("down: got %d (fits: %v), want %d", got, fits, c.down)
			}
			if got, fits := MulDivUp(c.a, c.b, c.c); got != c.up || !fits {
				t.Errorf("up: got %d (fits: %v), want %d", got, fits, c.up)
			}
		})
	}
}

func TestMulDivReportsWhatDoesNotFit(t *testing.T) {
	const most = math.MaxUint64
	for _, c := range []struct {
		what         string
		a, b, c      uint64
		downOK, upOK bool
	}{
		{"the largest quotient", most, 2, 2, true, true},
		{"one more", 1 << 32, 1 << 32, 1, false, false},
		{"2^64 - 1/2 = (2^65-1)/2 fits only rounded down", 31 * 8191, 145295143558111, 2, true, false},
		{"division by zero", 0, 0, 0, false, false},
		{"division of something by zero", most, most, 0, false, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			if _, fits := MulDivDown(c.a, c.b, c.c); fits != c.downOK {
				t.Errorf("down: fits: %v", fits)
			}
			if _, fits := MulDivUp(c.a, c.b, c.c); fits != c.upOK {
				t.Errorf("up: fits: %v", fits)
			}
		})
	}
}

// TestMulDivIsExact compares with package big, for numbers of all lengths.
func TestMulDivIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	n := func() uint64 { return r.Uint64() >> r.IntN(64) }
	up, fit := 0, 0
	for range 100_000 {
		a, b, c := n(), n(), n()
		if c == 0 {
			continue
		}
		product := new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b))
		down, rest := new(big.Int).QuoRem(product, new(big.Int).SetUint64(c), new(big.Int))
		if q, fits := MulDivDown(a, b, c); fits != down.IsUint64() || fits && q != down.Uint64() {
			t.Fatalf("%d * %d / %d down: got %d (fits: %v), want %v", a, b, c, q, fits, down)
		}
		if rest.Sign() > 0 {
			down.Add(down, big.NewInt(1))
			up++
		}
		if q, fits := MulDivUp(a, b, c); fits != down.IsUint64() || fits && q != down.Uint64() {
			t.Fatalf("%d * %d / %d up: got %d (fits: %v), want %v", a, b, c, q, fits, down)
		}
		if down.IsUint64() {
			fit++
		}
	}
	if up < 10_000 || fit < 10_000 {
		t.Errorf("only %d of the quotients were rounded, only %d fit", up, fit)
	}
}
