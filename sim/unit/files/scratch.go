package files

import (
	"cmp"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// randomLength is enough for a name that nobody has.
const randomLength = 10

// random is a text that nobody can foresee.
func random() string { return strings.ToLower(rand.Text()[:randomLength]) }

// create makes a file that was not there: it takes nobody's, and follows no link.
func create(name string, mode os.FileMode) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|NoFollow, mode)
}

// beside is the path of a name in a file's folder. It is not cleaned: folders may be links.
func beside(path, name string) string {
	dir, _ := filepath.Split(path)
	return dir + name
}

// folderOf is the folder that a file is in.
func folderOf(path string) string {
	dir, _ := filepath.Split(path)
	return cmp.Or(dir, ".")
}

// scratchName begins the names of files that get another name when they are complete.
const scratchName = ".pmpdsim-"

// Scratch reports whether a file of this name is what a killed process has left of one that was not complete.
func Scratch(name string) bool {
	random, ok := strings.CutPrefix(name, scratchName)
	return ok && len(random) == randomLength
}

// newScratch makes a file beside another that is nobody else's.
func newScratch(path string, mode os.FileMode) (*os.File, error) {
	for {
		f, err := create(beside(path, scratchName+random()), mode)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// newScratch makes one that does not outlive the run.
func (c *Claims) newScratch(path string, mode os.FileMode) (*os.File, error) {
	f, err := newScratch(path, mode)
	if err == nil {
		c.remember(f.Name())
	}
	return f, err
}

func (c *Claims) remember(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scratch[name] = true
}

// forget leaves a file where it is.
func (c *Claims) forget(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.scratch, name)
}

// discard removes a file.
func (c *Claims) discard(name string) {
	_ = os.Remove(name) // a scratch file; nothing depends on it
	c.forget(name)
}
