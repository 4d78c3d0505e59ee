package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Set applies assignments of the form path=value, such as array.rows=64, and checks the result. It reports everything that
// is wrong at once, and then leaves c as it was.
func (c *Config) Set(assignments []string) error { return c.SetWith(assignments, nil) }

// SetWith is Set where dram.standard may also be the file of a part, which parts returns.
func (c *Config) SetWith(assignments []string, parts Parts) error {
	next := *c
	given := map[string]string{} // path to assignment
	var errs []error
	failed := map[string]bool{}
	for _, a := range assignments {
		path, err := next.assign(a, given)
		if err != nil {
			errs = append(errs, fmt.Errorf("--set %s: %w", a, err))
			failed[path] = true
		}
	}
	if a := given["dram.standard"]; a != "" && !failed["dram.standard"] {
		if err := next.DRAM.adopt(parts); err != nil {
			failed["dram.standard"] = true
			for _, one := range each(err) {
				errs = append(errs, fmt.Errorf("--set %s: dram.standard: %w", a, one))
			}
		}
	}
	next.DRAM.follow(c.DRAM, func(path string) bool { return given[path] != "" })
	next.Runtime.follow(c.Runtime, func(path string) bool { return given[path] != "" })
	next.resolve()
	for _, p := range next.Validate() {
		involved := append([]string{p.Path}, p.with...)
		if slices.ContainsFunc(involved, func(path string) bool { return failed[path] }) {
			continue
		}
		errs = append(errs, problemOf(p, involved, given))
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	next.tell(c, func(path string) bool { return given[path] != "" })
	*c = next
	return nil
}

// assign applies one assignment and returns its path, also where it is wrong.
func (c *Config) assign(assignment string, given map[string]string) (string, error) {
	path, value, ok := strings.Cut(assignment, "=")
	if !ok {
		return path, errors.New("no value; accepted: path=value such as array.rows=64")
	}
	n, ok := c.at(path)
	if !ok {
		return path, fmt.Errorf("%s: %s", path, c.unknownKey(path))
	}
	if n.section {
		return path, fmt.Errorf("%s: a section, not a value; accepted: one of its keys %s", path, strings.Join(c.level(path+"."), ", "))
	}
	if first, twice := given[path]; twice {
		return path, fmt.Errorf("%s: assigned a second time, first by %s; accepted: each key once", path, first)
	}
	given[path] = assignment
	if err := n.set(value); err != nil {
		return path, fmt.Errorf("%s: %w", path, err)
	}
	return path, nil
}

// problemOf blames the assignment that p's keys were given by.
func problemOf(p Problem, involved []string, given map[string]string) error {
	for _, path := range involved {
		if a, ok := given[path]; ok {
			return fmt.Errorf("--set %s: %s: %s", a, p.Path, p.Message)
		}
	}
	return fmt.Errorf("%s: %s", p.Path, p.Message)
}
