package views

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// evaluated is a row, with what it is called in a figure.
type evaluated struct {
	*rows.Row
	setting string // what it is compared within: a panel
	label   string
}

// kind is the sort of the schedule, as its text begins.
func (e *evaluated) kind() string {
	end := strings.IndexAny(e.Schedule+":", ":,; ")
	return e.Schedule[:end]
}

// kindPlace is where a kind stands among all.
func kindPlace(kind string) int {
	for i, k := range precision.Kinds() {
		if string(k.Kind) == kind {
			return i
		}
	}
	return len(precision.Kinds())
}

// reference reports whether a row is what the others are measured against.
func (e *evaluated) reference() bool {
	return e.Schedule == string(precision.KindFP16) && (e.KVCache == "" || e.KVCache == "16")
}

// arranged names rows by all in which they differ, in an order that does not depend on that of their files. Rows that are the
// same in all are one; two that say other things of one schedule are refused. ofNPU: the NPU makes a difference.
func arranged(all []rows.Row, ofNPU bool) ([]*evaluated, error) {
	var some []*evaluated
	for i := range all {
		r := all[i]
		if r.Version = ""; !ofNPU {
			r.NPU, r.Config, r.Shape, r.TokensPerSecond, r.EnergyPerToken = "", "", "", nil, nil
		}
		if !slices.ContainsFunc(some, func(e *evaluated) bool { return reflect.DeepEqual(*e.Row, r) }) {
			some = append(some, &evaluated{Row: &r})
		}
	}
	differ := func(texts ...func(*rows.Row) string) func(*rows.Row) string {
		var wanted []func(*rows.Row) string
		for _, text := range texts {
			if slices.ContainsFunc(some, func(e *evaluated) bool { return text(e.Row) != text(some[0].Row) }) {
				wanted = append(wanted, text)
			}
		}
		return func(r *rows.Row) string {
			var parts []string
			for _, text := range wanted {
				if part := text(r); part != "" {
					parts = append(parts, part)
				}
			}
			return strings.Join(parts, ", ")
		}
	}
	setting := differ(func(r *rows.Row) string { return r.Model }, func(r *rows.Row) string { return r.NPU }, promptsOf, func(r *rows.Row) string { return r.Text },
		several(some, "weights", func(r *rows.Row) (string, string) { return r.Model, r.Weights }),
		several(some, "configuration", func(r *rows.Row) (string, string) { return r.NPU, r.Config }))
	label := differ(func(r *rows.Row) string { return called(r.Schedule) }, func(r *rows.Row) string { return part("cache ", r.KVCache) },
		func(r *rows.Row) string { return r.Quantiser })
	for _, e := range some {
		if e.setting, e.label = setting(e.Row), label(e.Row); e.label == "" {
			e.label = called(e.Schedule)
		}
	}
	slices.SortFunc(some, func(a, b *evaluated) int {
		return cmp.Or(strings.Compare(a.setting, b.setting), cmp.Compare(kindPlace(a.kind()), kindPlace(b.kind())), cmp.Compare(b.AvgWeightBits, a.AvgWeightBits),
			strings.Compare(a.Schedule, b.Schedule), strings.Compare(a.label, b.label))
	})
	for i, e := range some {
		if i > 0 && e.setting == some[i-1].setting && e.label == some[i-1].label && e.Schedule == some[i-1].Schedule {
			return nil, fmt.Errorf("schedule %s: two rows say other things of it (%s); accepted: one of each, or files that differ in model, NPU, prompts, cache or quantiser",
				e.Schedule, whole(e.Row))
		}
	}
	return some, nil
}

// several tells what has one name apart by its sum.
func several(all []*evaluated, what string, of func(*rows.Row) (name, sum string)) func(*rows.Row) string {
	sums := map[string][]string{}
	for _, e := range all {
		name, sum := of(e.Row)
		if !slices.Contains(sums[name], sum) {
			sums[name] = append(sums[name], sum)
		}
	}
	return func(r *rows.Row) string {
		name, sum := of(r)
		if len(sums[name]) < 2 {
			return ""
		}
		return what + " " + sum[:min(8, len(sum))]
	}
}

// promptsOf is what a row was measured on.
func promptsOf(r *rows.Row) string {
	return fmt.Sprintf("%d prompts of %d tokens, %d behind each", r.Prompts, r.Prompt, r.Generated)
}

// whole is what a row is of.
func whole(r *rows.Row) string {
	text := r.Model
	if r.NPU != "" {
		text += ", " + r.NPU
	}
	return text + ", " + promptsOf(r)
}

// common is what all rows are of.
func common(all []*evaluated) string {
	same := func(text func(*rows.Row) string) string {
		for _, e := range all {
			if text(e.Row) != text(all[0].Row) {
				return ""
			}
		}
		return text(all[0].Row)
	}
	var parts []string
	for _, text := range []string{same(func(r *rows.Row) string { return r.Model }), same(func(r *rows.Row) string { return r.NPU }), same(promptsOf)} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", ")
}

// called is a schedule without the file that it asks, which no figure has room for.
func called(schedule string) string { return askedFile.ReplaceAllString(schedule, "") }

var askedFile = regexp.MustCompile(`,classifier=[^,]*`)

func part(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}
