package qualify

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// member is a file of an archive.
type member struct {
	name string
	text []byte
}

// folderOf are the files below a folder, by their names in it; scratch files are none.
func folderOf(dir string) (all []member, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || files.Scratch(d.Name()) {
			return err
		}
		text, err := files.ReadStored(path, files.Trace)
		name, outside := filepath.Rel(dir, path)
		all = append(all, member{filepath.ToSlash(name), text})
		return errors.Join(err, outside)
	})
	return all, err
}

// archive writes a tar of files, compressed. The same files make the same bytes.
func (b *bundle) archive(name string, members []member) error {
	var out bytes.Buffer
	z, err := zstd.NewWriter(&out)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, m := range members {
		err = errors.Join(err, t.WriteHeader(&tar.Header{Name: m.name, Mode: 0o644, Size: int64(len(m.text)), Format: tar.FormatPAX}))
		_, wrong := t.Write(m.text)
		err = errors.Join(err, wrong)
	}
	if err := errors.Join(err, t.Close(), z.Close()); err != nil {
		return err
	}
	return b.replace(name, out.Bytes())
}

// mostUnpacked is how many bytes an archive of a bundle may hold.
const mostUnpacked = 256 << 20

// unpacked are the files of an archive of a bundle. One that is not there has none.
func unpacked(path string) (all []member, err error) {
	packed, err := files.ReadStored(path, files.Note)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%s: %w; accepted: what gpu qualify has written", path, err)
	}
	defer z.Close()
	in := tar.NewReader(io.LimitReader(z, mostUnpacked))
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err == nil && (h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) || strings.Contains(h.Name, "\\")) {
			err = fmt.Errorf("%.200q is no file below the folder", h.Name)
		}
		var text bytes.Buffer
		if err == nil {
			_, err = io.CopyN(&text, in, h.Size)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w; accepted: what gpu qualify has written", path, err)
		}
		all = append(all, member{h.Name, text.Bytes()})
	}
}
