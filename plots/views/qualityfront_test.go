package views_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/plots/views"
)

// evaluations are rows of some schedules on two NPUs, with values of which several are equal.
func evaluations(r *rand.Rand) (all []rows.Row) {
	for _, npu := range []string{"a", "b"} {
		for i, schedule := range []string{"fp16", "uniform:4", "uniform:3", "static:4>3", "random:4>3", "learned:4>3,classifier=x"} {
			rate, energy, bits := float64(1+r.IntN(5)), float64(1+r.IntN(4)), float64(1+r.IntN(4))
			all = append(all, rows.Row{Schedule: schedule, Model: "m", NPU: npu, KVCache: "16", AvgWeightBits: float64(16 - i), BitsPerToken: bits,
				BitsPerTokenLow: bits / 2, BitsPerTokenHigh: bits * 2, RougeL: float64(r.IntN(4)) / 4, KLMean: bits - 1, TokensPerSecond: &rate, EnergyPerToken: &energy,
				Prompts: 3, Prompt: 4, Generated: 5, ByPosition: []rows.Block{{From: 0, To: 0, BitsPerToken: bits}, {From: 1, To: 4, BitsPerToken: bits + 1}}})
		}
	}
	return all
}

// TestFrontsOfQuality compares what is marked as best with the definition, and shuffled rows with those in order.
func TestFrontsOfQuality(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 200 {
		all := evaluations(r)
		opts := views.QualityOptions{X: []string{"tokens_per_second", "energy_joules_per_token"}[n%2], Y: []string{"bits_per_token", "rouge_l"}[n/2%2]}
		score := func(row *rows.Row) (x, y float64) {
			if x = *row.TokensPerSecond; n%2 == 1 {
				x = -*row.EnergyPerToken
			}
			if y = -row.BitsPerToken; n/2%2 == 1 {
				y = row.RougeL
			}
			return x, y
		}
		want := map[string]bool{}
		for i := range all {
			x, y := score(&all[i])
			want[all[i].NPU+all[i].Schedule] = !slices.ContainsFunc(all, func(o rows.Row) bool {
				ox, oy := score(&o)
				return o.NPU == all[i].NPU && ox >= x && oy >= y && (ox > x || oy > y)
			})
		}
		v, err := views.QualityFront(all, opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, cells := range v.Rows {
			if cells[7] != strconv.FormatBool(want[cells[0]+cells[1]]) {
				t.Fatalf("%+v: %v, want %v", opts, cells, want[cells[0]+cells[1]])
			}
		}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		again, err := views.QualityFront(append(all, all[0]), opts)
		if err != nil || !slices.EqualFunc(again.Rows, v.Rows, slices.Equal) {
			t.Fatalf("other rows when shuffled: %v", err)
		}
	}
}

func TestQualitiesThatCannotBeDrawn(t *testing.T) {
	all := evaluations(rand.New(rand.NewPCG(1, 1)))[:6]
	for i := range all {
		all[i].BitsPerToken = float64(2 + i)
	}
	without := func(change func(*rows.Row)) []rows.Row {
		some := slices.Clone(all)
		for i := range some {
			change(&some[i])
		}
		return some
	}
	noNPU := without(func(r *rows.Row) { r.NPU, r.TokensPerSecond, r.EnergyPerToken = "", nil, nil })
	twice := append(slices.Clone(all), all[2])
	twice[6].KLMean += 3
	many := without(func(*rows.Row) {})
	for i := range 9 {
		many = append(many, all[1])
		many[6+i].Schedule = fmt.Sprintf("uniform:%d", 5+i)
	}
	front, positions := views.QualityFront, views.QualityPositions
	for _, c := range []struct {
		name string
		draw func([]rows.Row, views.QualityOptions) (*views.View, error)
		rows []rows.Row
		opts views.QualityOptions
		want string
	}{
		{"as it is", front, all[:2], views.QualityOptions{Y: "kl_mean"}, "setting,schedule,kv_cache,tokens_per_second,kl_mean,kl_mean_low,kl_mean_high,best\n" +
			fmt.Sprintf(",fp16,16,%g,%g,0,0,%s\n", *all[0].TokensPerSecond, all[0].KLMean, "BEST") + fmt.Sprintf(",uniform:4,16,%g,%g,0,0,%s\n", *all[1].TokensPerSecond, all[1].KLMean, "BEST")},
		{"without an NPU bits go to the right", front, noNPU[:1], views.QualityOptions{Y: "bits_per_token"},
			"setting,schedule,kv_cache,avg_weight_bits,bits_per_token,bits_per_token_low,bits_per_token_high,best\n,fp16,16,16,2," +
				fmt.Sprintf("%g,%g,BEST\n", noNPU[0].BitsPerTokenLow, noNPU[0].BitsPerTokenHigh)},
		{"no rate", front, noNPU, views.QualityOptions{X: "tokens_per_second", Y: "bits_per_token"},
			"--x tokens_per_second: no row has it; accepted: rows of quality with an NPU, or --x avg_weight_bits"},
		{"no such cost", front, all, views.QualityOptions{X: "beauty", Y: "kl_mean"},
			"--x: beauty is nothing to set quality against; accepted: tokens_per_second, energy_joules_per_token, avg_weight_bits"},
		{"no such measure", front, all, views.QualityOptions{Y: "beauty"}, "--y: beauty is no measure of quality; accepted: bits_per_token, kl_mean, agreement, rouge_l, prefix_mean"},
		{"zeros on a logarithmic axis", front, without(func(r *rows.Row) { r.KLMean = 0 }), views.QualityOptions{Y: "kl_mean", Log: true},
			"--log: no row has kl_mean above 0; accepted: no --log"},
		{"zeros by position", positions, without(func(r *rows.Row) {}), views.QualityOptions{Y: "kl_mean", Log: true},
			"--log: no row has kl_mean above 0; accepted: no --log"},
		{"two that differ", front, twice, views.QualityOptions{Y: "kl_mean"}, "schedule uniform:3: two rows say other things of it (m, a, 3 prompts of 4 tokens, 5 behind each); " +
			"accepted: one of each, or files that differ in model, NPU, prompts, cache or quantiser"},
		{"answers have no positions", positions, all, views.QualityOptions{Y: "rouge_l"},
			"--y rouge_l: it is of whole answers, not of positions; accepted: bits_per_token, kl_mean, agreement"},
		{"no positions", positions, without(func(r *rows.Row) { r.ByPosition = nil }), views.QualityOptions{Y: "kl_mean"},
			"--by-position: schedule fp16 has no by_position; accepted: rows of quality --format json"},
		{"too many lines", positions, many, views.QualityOptions{Y: "kl_mean"}, "15 schedules in one figure; accepted: up to 8 (choose with --only KEY=VALUE)"},
		{"positions", positions, all[:1], views.QualityOptions{Y: "bits_per_token"},
			fmt.Sprintf("setting,schedule,kv_cache,from,to,bits_per_token\n,fp16,16,0,0,%g\n,fp16,16,1,4,%g\n", all[0].ByPosition[0].BitsPerToken, all[0].ByPosition[1].BitsPerToken)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			v, err := c.draw(c.rows, c.opts)
			if err == nil {
				err = v.Write(&b, "csv")
			}
			got := b.String()
			if err != nil {
				got = err.Error()
			} else if strings.Contains(c.want, "BEST") { // which TestFrontsOfQuality looks at
				got = strings.NewReplacer(",true\n", ",BEST\n", ",false\n", ",BEST\n").Replace(got)
			}
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
