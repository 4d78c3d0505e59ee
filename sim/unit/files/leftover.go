package files

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// suffix ends the name of a file that grows.
const suffix = ".partial"

// newPartial makes the file that grows: NAME.partial if nobody has that, so that a user finds it.
func (f *File) newPartial() (*os.File, error) {
	s, err := create(beside(f.name, f.stem()+suffix), f.mode())
	for errors.Is(err, fs.ErrExist) {
		s, err = create(beside(f.name, f.stem()+"."+random()+suffix), f.mode())
	}
	return s, err
}

// Leftover is a file that a run which did not end has left where this one grows.
type Leftover struct {
	Name  string
	Grows bool // another run is writing it
}

// Leftovers are those of earlier runs, and of others that go on.
func (f *File) Leftovers() []Leftover {
	if f.Special() {
		return nil
	}
	entries, err := os.ReadDir(folderOf(f.name))
	if err != nil {
		return nil // a folder may be writable and not readable
	}
	var all []Leftover
	for _, e := range entries {
		between, ok := strings.CutPrefix(e.Name(), f.stem())
		between, partial := strings.CutSuffix(between, suffix)
		if ok && partial && e.Type().IsRegular() && (between == "" || between[0] == '.' && len(between) == 1+randomLength) {
			name := beside(f.name, e.Name())
			all = append(all, Leftover{name, grows(name)})
		}
	}
	return all
}

// grows reports whether another process is writing a file.
func grows(name string) bool {
	s, err := os.OpenFile(name, os.O_RDONLY|NoFollow|noWait, 0)
	if err != nil {
		return false
	}
	defer s.Close()
	return locked(s)
}
