package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
)

// Check says what is wrong with a value for the key at path, or nothing: that there is such a key, and that the text is
// of its type. Whether the value goes together with the others, only Set can tell. others are what the caller accepts
// instead of a key.
func Check(path, text string, others ...string) error {
	c := new(Config)
	n, ok := c.at(path)
	if !ok {
		return errors.New(c.unknownKey(path, others...))
	}
	if n.section {
		return fmt.Errorf("a section, not a value; accepted: one of its keys %s", strings.Join(append(c.level(path+"."), others...), ", "))
	}
	return strict.SetText(n.value, text)
}
