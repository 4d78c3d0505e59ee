package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
)

// A dram.standard that is no preset is a part of the user's, which a configuration carries: dram.part. Files and --set
// name the part's file instead, which is read once, where it is named.

// Part is a DRAM part as data.
type Part = spec.Part

// Parts returns the part of a file that dram.standard names.
type Parts func(file string) (*Part, error)

// NamesPart reports whether a value of dram.standard is the path of a part's file.
func NamesPart(standard string) bool { return spec.IsFile(standard) }

// ReadPart reads the file of a part.
func ReadPart(path string) (*Part, error) {
	data, err := files.Read(path, files.Part)
	if err != nil {
		return nil, err
	}
	return spec.ParsePart(path, data)
}

// PartOf returns the path of the part that an NPU's file names, or "" where it names none that could be told. It is for
// those who must not write to what is read; pipes are left alone.
func PartOf(file string) string {
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	var npu struct {
		DRAM struct {
			Standard string `yaml:"standard"`
		} `yaml:"dram"`
	}
	data, err := files.Read(file, files.NPU)
	if err != nil || yaml.Unmarshal(data, &npu) != nil || !spec.IsFile(npu.DRAM.Standard) {
		return ""
	}
	return beside(file, npu.DRAM.Standard)
}

// beside returns a path that a file names, relative to the folder of the file.
func beside(file, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

// besides returns a reader of parts whose paths are relative to the folder of a file.
func besides(file string) Parts {
	return func(name string) (*Part, error) { return ReadPart(beside(file, name)) }
}

// adopt finds the part of a dram.standard that was given. With another standard a part that d carries goes.
func (d *DRAM) adopt(parts Parts) error {
	switch {
	case spec.IsFile(d.Standard) && parts == nil:
		return fmt.Errorf("%q is a file, and none is read from here; accepted: a name of pmpdsim list dram, or the part itself as dram.part", d.Standard)
	case spec.IsFile(d.Standard):
		p, err := parts(d.Standard)
		if err != nil {
			return err
		}
		d.take(p)
	case d.Part != nil && d.Part.Name != d.Standard:
		d.Part = nil
	}
	return nil
}

// take makes a part that of d.
func (d *DRAM) take(p *Part) {
	if d.Standard, d.Part = p.Name, p; p.IsPreset() {
		d.Part = nil
	}
}

// part finds the part of the file's dram.standard and dram.part.
func (r *reader) part(d *DRAM, parts Parts) {
	const key, inline = "dram.standard", "dram.part"
	at, given := r.written[key]
	switch {
	case r.failed[key] || r.parted == nil && !given:
	case r.parted == nil:
		if err := d.adopt(parts); err != nil {
			r.failed[key] = true
			for _, one := range each(err) {
				r.Add(at, key, one.Error())
			}
		}
	case !given:
		r.failed[key] = true
		r.Add(strict.PlaceOf(r.parted), inline, "a part without its name; accepted: its name as dram.standard, too")
	default:
		p := spec.ReadPart(&r.Faults, r.parted, inline+".", d.Standard)
		switch {
		case p == nil:
			r.failed[key] = true
		case p.Name != d.Standard:
			r.failed[key] = true
			r.Add(strict.PlaceOf(r.parted), inline+".name", fmt.Sprintf("%q, but dram.standard is %q; accepted: one name", p.Name, d.Standard))
		default:
			d.take(p)
		}
	}
}

// each returns the errors that are joined in one.
func each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// density checks that the part is made of the density that is chosen.
func (k *checker) density(d DRAM) bool {
	p := d.part()
	if d.Density == 0 || p == nil {
		return true
	}
	var names []string
	for _, has := range p.Densities() {
		if has == d.Density {
			return true
		}
		names = append(names, has.String())
	}
	message := fmt.Sprintf("%v, but %s has one density only; accepted: none", d.Density, d.Standard)
	if len(names) > 0 {
		message = fmt.Sprintf("%v, but no refresh time of that is known for %s; accepted: %s", d.Density, d.Standard, strings.Join(names, ", "))
	}
	k.add("dram.density", message, "dram.standard")
	return false
}
