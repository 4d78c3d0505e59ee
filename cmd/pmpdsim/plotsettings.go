package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/sweep"
)

// arrange tells what the outcomes have in common and by what they differ beside the schedule, joins those that are averaged, and
// sorts the rest: by what differs, then from many weight bits to few. The order of files, and that of sweeps, which is one of
// hashes, does not matter.
func arrange(all []*outcome) (arranged []*outcome, common string, err error) {
	var same, differ []string
	for _, name := range keyNames(all) {
		first := all[0].value(name)
		if slices.ContainsFunc(all, func(o *outcome) bool { return o.value(name) != first }) {
			differ = append(differ, name)
		} else {
			same = append(same, first.text)
		}
	}
	// What follows from the NPU is no news beside its name.
	if slices.Contains(differ, "npu") {
		differ = slices.DeleteFunc(differ, func(name string) bool { return name == "kv-bits" })
	}
	for _, o := range all {
		o.setting = settingOf(o, differ)
	}
	// But NPUs of one name can have been changed, and traces of one length differ.
	for _, more := range []struct {
		name string
		of   func(o *outcome) string
	}{
		{"kv-bits", func(o *outcome) string { return o.value("kv-bits").value }},
		{"config", func(o *outcome) string { return o.Config }},
		{"trace", func(o *outcome) string { return o.TraceSHA256 }},
		{"version", func(o *outcome) string { return o.Version }},
	} {
		if follows := more.name == "kv-bits" || more.name == "config"; follows && slices.ContainsFunc(all[0].over, ofNPU) ||
			slices.Contains(all[0].over, more.name) || !several(all, more.of) {
			continue
		}
		for _, o := range all {
			if v := more.of(o); o.value(more.name).value == "" {
				o.keys = append(o.keys, outcomeKey{more.name, v, more.name + " " + v[:min(len(v), 8)]})
			}
		}
		differ = append(differ, more.name)
		for _, o := range all {
			o.setting = settingOf(o, differ)
		}
	}
	for _, o := range all {
		o.differ = differ
	}
	if all, err = bundle(all); err != nil {
		return nil, "", err
	}
	slices.SortStableFunc(all, func(a, b *outcome) int {
		for _, name := range differ {
			if c := compareValues(a.value(name).value, b.value(name).value); c != 0 {
				return c
			}
		}
		return cmp.Or(cmp.Compare(b.AvgWeightBits, a.AvgWeightBits), cmp.Compare(a.Schedule, b.Schedule))
	})
	return all, strings.Join(same, ", "), nil
}

func settingOf(o *outcome, differ []string) string {
	var texts []string
	for _, name := range differ {
		if v := o.value(name); v.value != "" {
			texts = append(texts, v.text)
		}
	}
	return strings.Join(texts, ", ")
}

// several tells that outcomes of one setting differ in something.
func several(all []*outcome, of func(*outcome) string) bool {
	seen := map[string]string{}
	for _, o := range all {
		if v, ok := seen[o.setting]; ok && v != of(o) {
			return true
		}
		seen[o.setting] = of(o)
	}
	return false
}

// compareValues puts numbers and quantities in their order, and other texts in that of the alphabet.
func compareValues(a, b string) int {
	x, okA := amount(a)
	y, okB := amount(b)
	if okA && okB {
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
	}
	return cmp.Compare(a, b)
}

// amount reads a number, or a quantity of an axis such as 256KiB.
func amount(text string) (float64, bool) {
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		return v, true
	}
	n, ok := sweep.Quantity(text)
	return float64(n), ok
}

// distinct are the values of something, in the order in which they come.
func distinct(all []*outcome, of func(*outcome) string) (values []string) {
	for _, o := range all {
		if v := of(o); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}
