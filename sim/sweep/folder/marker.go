package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// Marker is the file by which the folder of a sweep is known. Nothing is written into a folder without it, unless the
// folder is empty, or is one of version 0.1.0, which had plans and no markers.
const Marker = "pmpdsim-sweep.json"

// MarkerText is what the marker holds.
const MarkerText = `{"format":"` + Format + `"}` + "\n"

// Marked reports whether a folder has the marker.
func Marked(path string) (bool, error) {
	path = filepath.Join(path, Marker)
	data, err := files.ReadStored(path, files.Note)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case string(data) == MarkerText:
		return true, nil
	}
	return false, fmt.Errorf("%s: %.60q is no marker of this version; accepted: %s", path, data, strings.TrimSpace(MarkerText))
}
