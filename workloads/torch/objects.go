package torch

import (
	"math"

	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// storages are the types of values by the classes of their storages, as safetensors names them, with the bytes of a value.
var storages = map[string]struct {
	is    safetensors.Type
	bytes int64
}{
	"FloatStorage": {safetensors.F32, 4}, "HalfStorage": {safetensors.F16, 2}, "BFloat16Storage": {safetensors.BF16, 2},
	"DoubleStorage": {"F64", 8}, "LongStorage": {"I64", 8}, "IntStorage": {safetensors.I32, 4}, "ShortStorage": {"I16", 2},
	"CharStorage": {"I8", 1}, "ByteStorage": {"U8", 1}, "BoolStorage": {"BOOL", 1},
}

// storage is an entry of the archive.
type storage struct {
	class  string
	key    string
	values int64
}

// tensor is a part of a storage.
type tensor struct {
	of      storage
	at      int64
	shape   []int
	strides []int64
}

// The functions and classes that may be asked for, besides storages.
var (
	ordered   = global{"collections", "OrderedDict"}
	rebuild   = global{"torch._utils", "_rebuild_tensor_v2"}
	parameter = global{"torch._utils", "_rebuild_parameter"}
)

// global looks up a name.
func (m *machine) global(module, name string) any {
	g := global{module, name}
	if _, ok := storages[name]; ok && module == "torch" || g == ordered || g == rebuild || g == parameter {
		return g
	}
	m.fail("asks for %s, which may run code and is not run; accepted: collections.OrderedDict, torch's storages, "+
		"torch._utils._rebuild_tensor_v2 and _rebuild_parameter, which make a state_dict()", visible.Line(g.String()))
	return nil
}

// storage makes one of its persistent id: ("storage", class, key, device, number of values).
func (m *machine) storage(id any) any {
	t, _ := id.(tuple)
	if len(t) == 5 && t[0] == "storage" {
		class, ok := t[1].(global)
		key, too := t[2].(string)
		n, three := t[4].(int64)
		if ok && too && three && n >= 0 && n <= math.MaxInt64/8 {
			return storage{class.name, key, n}
		}
	}
	m.fail("has a storage that is none; %s", acceptedPickle)
	return nil
}

// call makes what a known function would return of its arguments.
func (m *machine) call(of any, arguments tuple) any {
	switch of {
	case ordered:
		if len(arguments) == 0 {
			return &dict{map[string]any{}}
		}
	case parameter: // data, requires_grad, hooks
		if len(arguments) > 0 {
			if t, ok := arguments[0].(*tensor); ok {
				return t
			}
		}
	case rebuild: // storage, offset, size, strides, requires_grad, hooks, metadata
		if len(arguments) >= 4 {
			of, ok := arguments[0].(storage)
			at, too := arguments[1].(int64)
			shape, three := whole(arguments[2])
			strides, four := whole(arguments[3])
			if ok && too && three && four && at >= 0 && len(shape) == len(strides) {
				t := &tensor{of: of, at: at, strides: strides}
				for _, n := range shape {
					t.shape = append(t.shape, int(min(n, math.MaxInt32+1)))
				}
				return t
			}
		}
	}
	m.fail("makes something else than a tensor of a storage; %s", acceptedPickle)
	return nil
}

// whole returns a tuple of integers.
func whole(v any) ([]int64, bool) {
	t, ok := v.(tuple)
	var all []int64
	for _, item := range t {
		n, is := item.(int64)
		ok = ok && is
		all = append(all, n)
	}
	return all, ok
}
