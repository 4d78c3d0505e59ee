package rows

import (
	"fmt"
	"slices"
	"strings"
)

// Only chooses rows by KEY=VALUE. Values of one key are alternatives. A schedule's A>B may be written A-B, which no shell redirects.
func Only(all []Row, choices ...string) ([]Row, error) {
	of := map[string]func(*Row) string{
		"schedule": func(r *Row) string { return r.Schedule }, "model": func(r *Row) string { return r.Model }, "npu": func(r *Row) string { return r.NPU },
		"kv-bits": func(r *Row) string { return r.KVCache }, "quantiser": func(r *Row) string { return r.Quantiser },
	}
	wanted := map[string][]string{}
	for _, c := range choices {
		key, value, ok := strings.Cut(c, "=")
		if !ok || of[key] == nil {
			return nil, fmt.Errorf("--only %s: no choice of rows; accepted: schedule=, model=, npu=, kv-bits= or quantiser=, and a value", c)
		}
		if key == "schedule" {
			for i := range all {
				if dashed(all[i].Schedule) == dashed(value) {
					value = all[i].Schedule
				}
			}
		}
		var values []string
		for i := range all {
			values = append(values, of[key](&all[i]))
		}
		slices.Sort(values)
		if values = slices.Compact(values); !slices.Contains(values, value) {
			return nil, fmt.Errorf("--only %s: no row has it; accepted: %s=%s", c, key, strings.Join(values, ", "))
		}
		wanted[key] = append(wanted[key], value)
	}
	var some []Row
	for i := range all {
		take := true
		for key, values := range wanted {
			take = take && slices.Contains(values, of[key](&all[i]))
		}
		if take {
			some = append(some, all[i])
		}
	}
	if len(some) == 0 {
		return nil, fmt.Errorf("--only: no row has all of %s; accepted: choices that rows have together", strings.Join(choices, ", "))
	}
	return some, nil
}

func dashed(schedule string) string { return strings.ReplaceAll(schedule, ">", "-") }
