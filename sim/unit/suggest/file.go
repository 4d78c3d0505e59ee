package suggest

import (
	"errors"
	"fmt"
	"io/fs"
)

// File words an error of opening, reading or creating a file, whose path a user gave: `PATH: no such file or directory;
// accepted: a decode trace`. It wraps what the error wraps. Other errors, and nil, are returned as they are.
func File(err error, accepted string) error {
	at := (*fs.PathError)(nil)
	if !errors.As(err, &at) {
		return err
	}
	return fmt.Errorf("%s: %w; accepted: %s", at.Path, at.Err, accepted)
}
