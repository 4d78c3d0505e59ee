package stats

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// numbers returns all numbers of a struct by their paths, those of nested structs and arrays too. A field of another
// kind fails: Add and these tests would have to learn about it first.
func numbers(t *testing.T, of any) (paths []string, values map[string]reflect.Value) {
	values = map[string]reflect.Value{}
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				walk(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		case reflect.Array:
			for i := range v.Len() {
				walk(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
			}
		case reflect.Int64:
			paths = append(paths, path)
			values[path] = v
		default:
			t.Fatalf("%s is a %v: not a number, a struct or an array", path, v.Type())
		}
	}
	walk("", reflect.ValueOf(of).Elem())
	return paths, values
}

// fill gives the numbers different primes, from the first prime above a number on.
func fill(t *testing.T, of any, above int64) map[string]int64 {
	paths, values := numbers(t, of)
	filled := map[string]int64{}
	p := above
	for _, path := range paths {
		for p++; !prime(p); p++ {
		}
		values[path].SetInt(p)
		filled[path] = p
	}
	return filled
}

func prime(n int64) bool {
	for d := int64(2); d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return n > 1
}

// expect compares every number of a struct.
func expect(t *testing.T, of any, want func(path string) int64) {
	t.Helper()
	paths, values := numbers(t, of)
	for _, path := range paths {
		if got := values[path].Int(); got != want(path) {
			t.Errorf("%T%s is %d, want %d", of, path, got, want(path))
		}
	}
}

func TestAddAddsEveryField(t *testing.T) {
	t.Run("Counts", func(t *testing.T) { adds(t, (*Counts).Add, ".ScratchPeak") })
	t.Run("Operator", func(t *testing.T) { adds(t, (*Operator).Add) })
	t.Run("DRAM", func(t *testing.T) { adds(t, (*DRAM).Add) })
	t.Run("Requester", func(t *testing.T) { adds(t, (*Requester).Add) })
}

// adds checks the sum of small and large numbers, both ways round. Of peaks the larger one counts.
func adds[S any](t *testing.T, add func(to, s *S), peaks ...string) {
	for _, above := range [][2]int64{{1, 100_000}, {100_000, 1}} {
		var to, s S
		a, b := fill(t, &to, above[0]), fill(t, &s, above[1])
		add(&to, &s)
		expect(t, &to, func(path string) int64 {
			if slices.Contains(peaks, path) {
				return max(a[path], b[path])
			}
			return a[path] + b[path]
		})
		expect(t, &s, func(path string) int64 { return b[path] })
	}
}

func TestScaleMultipliesEveryField(t *testing.T) {
	var d DRAM
	was := fill(t, &d, 1)
	d.Scale(7)
	expect(t, &d, func(path string) int64 {
		if path == ".Clocks" { // channels that run side by side
			return was[path]
		}
		return 7 * was[path]
	})
	var r Requester
	was = fill(t, &r, 1)
	r.Scale(7)
	expect(t, &r, func(path string) int64 { return 7 * was[path] })
}
