package replay

import (
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/stats"
)

func TestStepsCountWhatTheyCountInARun(t *testing.T) {
	j := short(t, "edge-lpddr5", "llama-3.2-1b", "static:4>2@2", 40, 5)
	whole := mustRun(t, 2, j)[0]
	p, err := Prepare(j)
	if err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{1, 2} {
		counts, err := Steps(t.Context(), []*Prepared{p, p}, [][]int{{0, 1, 2, 3, 4}, {3, 1}}, Options{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		all, some := counts[0], counts[1]
		var decode stats.Counts
		for i := range all[1:] {
			decode.Add(&all[1+i])
		}
		if !reflect.DeepEqual(all[0], whole.Counts.Prefill) || !reflect.DeepEqual(decode, whole.Counts.Decode) {
			t.Errorf("%d workers: the steps do not add up to the run", workers)
		}
		if !reflect.DeepEqual(some[0], all[3]) || !reflect.DeepEqual(some[1], all[1]) {
			t.Errorf("%d workers: a step alone counts something else", workers)
		}
	}
	t.Run("a step that there is not is refused", func(t *testing.T) {
		_, err := Steps(t.Context(), []*Prepared{p}, [][]int{{1, 5}}, Options{})
		if err == nil || !strings.Contains(err.Error(), "step 5 of 5 tokens; accepted: 0, which is prefill, to 4") {
			t.Errorf("%v", err)
		}
	})
}
