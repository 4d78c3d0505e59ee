//go:build !unix

package files

import (
	"errors"
	"os"
)

// What other systems do not have, or have otherwise, is left out.
const NoFollow, noWait = 0, 0

// Names is how many names a file has, as far as is known.
func Names(os.FileInfo) int { return 1 }

func writable(string) error { return nil }

func owner(os.FileInfo) (user, group int, ok bool) { return 0, 0, false }

func lock(*os.File) {}

func locked(*os.File) bool { return false }

func another(int) (*os.File, error) { return nil, errors.ErrUnsupported }

func full(error) bool { return false }

func unread(error) bool { return false }
