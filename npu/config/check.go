package config

import (
	"fmt"
	"strings"
)

// Check says what is wrong with a value for the key at path, or nothing: that there is such a key, and that the text is of
// its type. Whether the value goes together with the others, only Set can tell.
func Check(path, text string) error {
	c := new(Config)
	n, ok := c.at(path)
	if !ok {
		return fmt.Errorf("%s", c.unknownKey(path))
	}
	if n.section {
		return fmt.Errorf("a section, not a value; accepted: one of its keys %s", strings.Join(c.level(path+"."), ", "))
	}
	return setText(n.value, text)
}
